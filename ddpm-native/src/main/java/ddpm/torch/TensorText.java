package ddpm.torch;

import java.util.ArrayList;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.function.IntFunction;

/**
 * A tensor's elements as text, laid out as PyTorch prints them: four decimals, one format for all elements, and of
 * tensors of more than 1000 elements the first and last three along each dimension.
 */
final class TensorText {
    private static final int MOST_ELEMENTS = 1000;
    private static final int EDGE = 3;
    private static final int LINE = 80;

    /** Edges in many dimensions are many elements all the same. */
    private static final long MOST_SHOWN = 10_000;

    private final long[] sizes;
    private final boolean edges;
    private final String[] elements;
    private final int width;

    private TensorText(long[] sizes, boolean edges, String[] elements) {
        this.sizes = sizes;
        this.edges = edges;
        this.elements = elements;
        int widest = 0;
        for (var element : elements) {
            widest = Math.max(widest, element.length());
        }
        this.width = widest;
    }

    /** The elements in nested brackets, or nothing if there are too many to show even of the edges. */
    static String of(Tensor tensor) {
        if (tensor.shape().numel() == 0) {
            return "[]";
        }
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            boolean edges = tensor.shape().numel() > MOST_ELEMENTS;
            var shown = edges ? edgesOf(tensor) : tensor;
            if (shown.shape().numel() > MOST_SHOWN) {
                return "";
            }
            var text = new TensorText(tensor.shape().toArray(), edges, elements(shown));
            return text.block(0, new int[1]);
        }
    }

    private static Tensor edgesOf(Tensor tensor) {
        var edges = tensor;
        for (int d = 0; d < tensor.shape().rank(); d++) {
            long size = tensor.shape().size(d);
            if (size > 2 * EDGE) {
                edges = Ops.cat(d, edges.narrow(d, 0, EDGE), edges.narrow(d, size - EDGE, EDGE));
            }
        }
        return edges;
    }

    private static String[] elements(Tensor tensor) {
        if (tensor.dtype() == DType.BOOL) {
            var values = tensor.toLongs();
            return texts(values.length, i -> values[i] == 0 ? "False" : "True");
        }
        if (!tensor.dtype().isFloating()) {
            var values = tensor.toLongs();
            return texts(values.length, i -> Long.toString(values[i]));
        }
        var values = tensor.toDoubles();
        var format = format(values);
        return texts(values.length, i -> text(values[i], format));
    }

    private static String[] texts(int count, IntFunction<String> text) {
        var texts = new String[count];
        for (int i = 0; i < count; i++) {
            texts[i] = text.apply(i);
        }
        return texts;
    }

    /** PyTorch's choice among {@code 1.}, {@code 1.0000} and {@code 1.0000e+00}, by the finite numbers other than zero. */
    private static String format(double[] values) {
        boolean whole = true;
        double least = Double.POSITIVE_INFINITY;
        double most = 0;
        for (double value : values) {
            if (Double.isFinite(value) && value != 0) {
                whole &= value == Math.ceil(value);
                least = Math.min(least, Math.abs(value));
                most = Math.max(most, Math.abs(value));
            }
        }
        boolean scientific = most > 0 && (most / least > 1000 || most > 1e8 || !whole && least < 1e-4);
        return scientific ? "%.4e" : whole ? "%.0f." : "%.4f";
    }

    private static String text(double value, String format) {
        return Double.isNaN(value)
                ? "nan"
                : Double.isInfinite(value) ? (value > 0 ? "inf" : "-inf") : String.format(Locale.ROOT, format, value);
    }

    /** The block of dimension {@code d}, from element {@code next} on. */
    private String block(int d, int[] next) {
        if (d == sizes.length) {
            return elements[next[0]++];
        }
        boolean cut = edges && sizes[d] > 2 * EDGE;
        long shown = cut ? 2 * EDGE : sizes[d];
        return d == sizes.length - 1 ? row(d, next, shown, cut) : rows(d, next, shown, cut);
    }

    private String row(int d, int[] next, long shown, boolean cut) {
        var row = new ArrayList<String>();
        for (long i = 0; i < shown; i++) {
            if (cut && i == EDGE) {
                row.add(" ...");
            }
            var element = elements[next[0]++];
            row.add(" ".repeat(width - element.length()) + element);
        }
        int perLine = Math.max(1, (LINE - d) / (width + 2));
        var lines = new StringJoiner(",\n" + " ".repeat(d + 1), "[", "]");
        for (int from = 0; from < row.size(); from += perLine) {
            lines.add(String.join(", ", row.subList(from, Math.min(row.size(), from + perLine))));
        }
        return lines.toString();
    }

    private String rows(int d, int[] next, long shown, boolean cut) {
        var rows = new StringJoiner("," + "\n".repeat(sizes.length - 1 - d) + " ".repeat(d + 1), "[", "]");
        for (long i = 0; i < shown; i++) {
            if (cut && i == EDGE) {
                rows.add("...");
            }
            rows.add(block(d + 1, next));
        }
        return rows.toString();
    }
}
