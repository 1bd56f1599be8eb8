package ddpm.torch;

import ddpm.torch.ShapeChecks.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;

/**
 * Comparison of libtorch's convolutions and linear layers with sums formed here, on noise: a kernel that does not fail may
 * still compute wrongly, and so may the one that it is compared with. libtorch 2.10 has several such in bfloat16.
 */
public final class KernelCheck {
    /** The share of the largest result by which float32 may differ: sums in another order differ by 1e-5. */
    private static final double FLOAT32 = 1e-3;

    /** The same for bfloat16, whose results are rounded to 1 in 256. */
    private static final double BFLOAT16 = 0.02;

    /** Beyond so many elements a batch is tried with one image. */
    private static final long LARGE = 1 << 18;

    /** How many output channels are looked at: of hundreds, a part tells. */
    private static final int CHANNELS_TRIED = 24;

    private static final float[] NOISE = uniform(4093);

    private static final Map<DType, Boolean> TRUSTED = new ConcurrentHashMap<>();

    private KernelCheck() {}

    /**
     * How far a kernel's results are from the sums.
     *
     * @param difference the largest difference
     * @param largest the largest sum
     * @param tolerance the share of {@code largest} that {@code difference} may be
     */
    record Comparison(double difference, double largest, double tolerance) {
        static Comparison in(DType type) {
            return new Comparison(0, 0, type == DType.BFLOAT16 ? BFLOAT16 : FLOAT32);
        }

        Comparison with(double expected, double actual) {
            // the maximum of NaN and a number is NaN
            return new Comparison(
                    Math.max(difference, Math.abs(expected - actual)),
                    Math.max(largest, Math.abs(expected)),
                    tolerance);
        }

        boolean agrees() {
            return difference <= tolerance * largest;
        }

        /** Whether the sums are finite: those of damaged weights say nothing about kernels. */
        boolean isFinite() {
            return Double.isFinite(largest);
        }

        /** {@code off by 26 %}. */
        @Override
        public String toString() {
            double percent = 100 * difference / largest;
            return percent <= 1000 ? String.format(Locale.ROOT, "off by %.2g %%", percent) : "off by far";
        }
    }

    // ---- One kernel -----------------------------------------------------------------------------------------------

    /** Images of noise for {@link #conv2d}. */
    static Tensor images(Shape shape, DType type) {
        long batch = shape.numel() > LARGE ? 1 : shape.size(0);
        return noise(shape.with(0, batch), type).contiguous(MemoryFormat.CHANNELS_LAST);
    }

    /** Compares a convolution of {@code x}, in groups where the weight has fewer channels: at two corners and in the middle of the first and the last image. */
    static Comparison conv2d(Tensor x, Tensor weight, Window window, UnaryOperator<Tensor> kernel) {
        var ends = Tensor.of(new long[] {0, x.shape().size(0) - 1}, Shape.of(2));
        long channels = weight.shape().size(0);
        int groups = (int) (x.shape().size(1) / weight.shape().size(1));
        var tried = someOf(channels);
        var chosen = tried.toLongs();
        var in = new Planes(Ops.indexSelect(x, 0, ends));
        var out = new Planes(Ops.indexSelect(Ops.indexSelect(kernel.apply(x), 0, ends), 1, tried));
        int kernelHeight = (int) weight.shape().size(2);
        int kernelWidth = (int) weight.shape().size(3);
        var rows = Ops.indexSelect(weight, 0, tried).toFloats();
        var comparison = Comparison.in(x.dtype());
        for (int image = 0; image < 2; image++) {
            for (int[] at : new int[][] {{0, 0}, {out.height / 2, out.width / 2}, {out.height - 1, out.width - 1}}) {
                int top = at[0] * window.stride() - window.rows();
                int left = at[1] * window.stride() - window.columns();
                var patch = in.patch(image, top, left, kernelHeight, kernelWidth);
                int length = patch.length / groups;
                for (int o = 0; o < out.channels; o++) {
                    int group = (int) (chosen[o] * groups / channels);
                    comparison = comparison.with(
                            dot(rows, o * length, patch, group * length, length), out.at(image, o, at[0], at[1]));
                }
            }
        }
        return comparison;
    }

    private static double dot(float[] a, int fromA, float[] b, int fromB, int length) {
        double sum = 0;
        for (int i = 0; i < length; i++) {
            sum += (double) a[fromA + i] * b[fromB + i];
        }
        return sum;
    }

    /** Output channels to look at: all of few, of many a part from the first to the last. */
    private static Tensor someOf(long channels) {
        int count = (int) Math.min(channels, CHANNELS_TRIED);
        var chosen = new long[count];
        for (int i = 0; i < count; i++) {
            chosen[i] = count == 1 ? 0 : i * (channels - 1) / (count - 1);
        }
        return Tensor.of(chosen, Shape.of(count));
    }

    /** A tensor {@code [B, C, H, W]} in Java's memory, with zeros around it. */
    private static final class Planes {
        final int channels;
        final int height;
        final int width;
        private final float[] values;

        Planes(Tensor tensor) {
            var shape = tensor.shape();
            channels = (int) shape.size(1);
            height = (int) shape.size(2);
            width = (int) shape.size(3);
            values = tensor.toFloats();
        }

        float at(int n, int c, int row, int column) {
            return row < 0 || row >= height || column < 0 || column >= width
                    ? 0
                    : values[((n * channels + c) * height + row) * width + column];
        }

        /** A window {@code [C, h, w]} of image {@code n}, of which {@code (top, left)} is the first pixel. */
        float[] patch(int n, int top, int left, int h, int w) {
            var patch = new float[channels * h * w];
            for (int c = 0, i = 0; c < channels; c++) {
                for (int row = top; row < top + h; row++) {
                    for (int column = left; column < left + w; column++) {
                        patch[i++] = at(n, c, row, column);
                    }
                }
            }
            return patch;
        }
    }

    /** Compares a linear layer of {@code x [rows, in]}: its first and its last row. */
    static Comparison linear(Tensor x, Tensor weight, UnaryOperator<Tensor> kernel) {
        var tried = someOf(weight.shape().size(0));
        var y = Ops.indexSelect(kernel.apply(x), 1, tried).toFloats();
        var matrix = Ops.indexSelect(weight, 0, tried).toFloats();
        var rows = x.toFloats();
        int out = (int) tried.shape().numel();
        int in = (int) weight.shape().size(1);
        var comparison = Comparison.in(x.dtype());
        for (int row : new int[] {0, (int) x.shape().size(0) - 1}) {
            for (int o = 0; o < out; o++) {
                comparison = comparison.with(dot(matrix, o * in, rows, row * in, in), y[row * out + o]);
            }
        }
        return comparison;
    }

    /** Numbers between -1 and 1, always the same; they repeat after a prime number of elements. */
    static Tensor noise(Shape shape, DType type) {
        var values = new float[Math.toIntExact(shape.numel())];
        int length = Math.min(values.length, NOISE.length);
        System.arraycopy(NOISE, 0, values, 0, length);
        while (length < values.length) {
            int more = Math.min(length, values.length - length);
            System.arraycopy(values, 0, values, length, more);
            length += more;
        }
        return Tensor.of(values, shape).to(type);
    }

    private static float[] uniform(int count) {
        var values = new float[count];
        int state = 1;
        for (int i = 0; i < count; i++) {
            state = state * 1664525 + 1013904223; // Numerical Recipes' generator; its high bits are random enough
            values[i] = state * 0x1p-31f;
        }
        return values;
    }

    // ---- This libtorch --------------------------------------------------------------------------------------------

    /** Output and input channels of the weights that are tried; few channels are what libtorch 2.10 gets wrong. */
    private static final long[][] CHANNELS = {{1, 32}, {32, 1}, {1, 1}, {16, 16}, {3, 64}, {64, 3}};

    /**
     * Kernels of this libtorch that compute wrongly, each with its weight's shape and by how much.
     *
     * @param plain plain operators, in one memory layout of the weight at least
     * @param packed packed kernels, which are therefore not used
     */
    public record Finding(List<String> plain, List<String> packed) {
        public Finding {
            plain = List.copyOf(plain);
            packed = List.copyOf(packed);
        }
    }

    /**
     * Tries this libtorch's convolutions and linear layers on the CPU.
     *
     * @param precision float32 or bfloat16
     */
    public static Finding of(DType precision) {
        var plain = new ArrayList<String>();
        var packed = new ArrayList<String>();
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            boolean packs = PackedKernel.suits(noise(Shape.of(1), precision));
            for (long[] channels : CHANNELS) {
                for (int kernel : new int[] {1, 3}) {
                    var same = Window.of(1, kernel / 2);
                    var x = images(Shape.of(2, channels[1], 8, 8), precision);
                    var weight = noise(Shape.of(channels[0], channels[1], kernel, kernel), precision);
                    for (var w : List.of(weight, weight.contiguous(MemoryFormat.CHANNELS_LAST))) {
                        add(plain, w, conv2d(x, w, same, v -> Ops.conv2d(v, w, null, same, 1)));
                        if (packs) {
                            var laidOut = PackedKernel.pack(w, x.shape(), same, 1);
                            add(packed, w, conv2d(x, w, same, v -> PackedKernel.convolve(v, laidOut, null, same, 1)));
                        }
                    }
                }
                var x = noise(Shape.of(5, channels[1]), precision);
                var w = noise(Shape.of(channels), precision);
                add(plain, w, linear(x, w, v -> Ops.linear(v, w, null)));
                if (packs) {
                    var laidOut = PackedKernel.pack(w, 5);
                    add(packed, w, linear(x, w, v -> PackedKernel.multiply(v, laidOut, null)));
                }
            }
        }
        return new Finding(plain, packed);
    }

    /** Whether this libtorch's plain kernels are right in a precision; found out once, in about 0.1 s. */
    public static boolean trusts(DType precision) {
        return TRUSTED.computeIfAbsent(precision, p -> of(p).plain().isEmpty());
    }

    private static void add(List<String> wrong, Tensor weight, Comparison comparison) {
        if (!comparison.agrees()) {
            wrong.add(weight.shape() + " " + comparison);
        }
    }

    /** Whether oneDNN's convolution of one small float32 image, asked for by name, is right. */
    static boolean oneDnnConvolves() {
        var same = Window.of(1, 1);
        for (long[] channels : CHANNELS) {
            var w = noise(Shape.of(channels[0], channels[1], 3, 3), DType.FLOAT32);
            var x = noise(Shape.of(1, channels[1], 5, 5), DType.FLOAT32);
            if (!conv2d(x, w, same, v -> Ops.convolveByOneDnn(v, w, null, same)).agrees()) {
                return false;
            }
        }
        return true;
    }
}
