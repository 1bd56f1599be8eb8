package ddpm.torch;

import java.util.Arrays;
import java.util.List;

/**
 * Joining, splitting, repeating and picking of elements. Views and {@code permute} are in {@link Tensor}, {@code cat} and
 * {@code indexSelect} in {@link Ops}.
 */
public final class Shaping {
    private static final Op CHUNK = new Op("aten::chunk");
    private static final Op SPLIT = new Op("aten::split", "Tensor");
    private static final Op STACK = new Op("aten::stack");
    private static final Op EXPAND = new Op("aten::expand");
    private static final Op SQUEEZE = new Op("aten::squeeze", "dim");
    private static final Op UNSQUEEZE = new Op("aten::unsqueeze");
    private static final Op GATHER = new Op("aten::gather");
    private static final Op FLIP = new Op("aten::flip");
    private static final Op UNFOLD = new Op("aten::unfold");

    private Shaping() {}

    /**
     * At most {@code count} views of equal size along one dimension; the last may be smaller. An empty dimension gives
     * one view, where PyTorch gives {@code count} empty ones, however many that is.
     */
    public static List<Tensor> chunk(Tensor x, int count, int dimension) {
        if (count < 1) {
            throw new IllegalArgumentException("chunk of " + x.shape() + " into " + count + ": at least 1");
        }
        long most = Math.min(count, Math.max(1, x.shape().size(dimension)));
        return List.of(CHUNK.call().tensor(x).integer(most).integer(dimension).list());
    }

    /** Views of this size along one dimension; the last may be smaller. */
    public static List<Tensor> split(Tensor x, long size, int dimension) {
        if (size < 1) {
            throw new IllegalArgumentException("split of " + x.shape() + " into pieces of " + size + ": at least 1");
        }
        x.shape().size(dimension);
        return List.of(SPLIT.call().tensor(x).integer(size).integer(dimension).list());
    }

    /** Tensors of one shape and type joined along a new dimension. */
    public static Tensor stack(int dimension, Tensor... tensors) {
        if (tensors.length == 0) {
            throw new IllegalArgumentException("stack of no tensors");
        }
        var shape = tensors[0].shape();
        for (var tensor : tensors) {
            if (!tensor.shape().equals(shape)) {
                throw new IllegalArgumentException("stack: shapes " + shape + " and " + tensor.shape() + " differ");
            }
        }
        place("stack", shape, dimension);
        return STACK.call().tensors(tensors).integer(dimension).one();
    }

    /**
     * A view in which dimensions of size 1 are repeated, without a copy.
     *
     * @param sizes of the result; -1 keeps a size, and more than the tensor has come in front
     */
    public static Tensor expand(Tensor x, long... sizes) {
        var shape = x.shape();
        boolean fits = sizes.length >= shape.rank();
        for (int i = 1; fits && i <= sizes.length; i++) {
            long size = sizes[sizes.length - i];
            fits = i > shape.rank()
                    ? size >= 0
                    : size == -1 || size == shape.size(-i) || size >= 0 && shape.size(-i) == 1;
        }
        if (!fits) {
            throw new IllegalArgumentException("expand of " + shape + " to " + Arrays.toString(sizes));
        }
        Shape.of(Arrays.stream(sizes).map(size -> Math.max(size, 1)).toArray());
        return EXPAND.call().tensor(x).integers(sizes).bool(false).one();
    }

    /** A view without one dimension, which must have size 1. */
    public static Tensor squeeze(Tensor x, int dimension) {
        if (x.shape().size(dimension) != 1) {
            throw new IllegalArgumentException(
                    "squeeze of dimension " + dimension + " of " + x.shape() + ": its size must be 1");
        }
        return SQUEEZE.call().tensor(x).integer(dimension).one();
    }

    /** A view with a dimension of size 1 at this place of the result; -1 is the last. */
    public static Tensor unsqueeze(Tensor x, int dimension) {
        place("unsqueeze", x.shape(), dimension);
        return UNSQUEEZE.call().tensor(x).integer(dimension).one();
    }

    /** Where a new dimension may stand: 0 to the rank, or -1 from the end of the result. */
    private static void place(String op, Shape shape, int dimension) {
        int rank = shape.rank() + 1;
        if (dimension < -rank || dimension >= rank) {
            throw new IndexOutOfBoundsException(op + ": a new dimension " + dimension + " in " + shape);
        }
    }

    /**
     * Elements of {@code x} at indices along one dimension: of {@code [B, n]} along dimension 1, {@code x[b, index[b, j]]}.
     * Indices out of range are dealt with as in {@link Ops#indexSelect}.
     *
     * @param index int64, of x's rank; in other dimensions at most as large as x
     */
    public static Tensor gather(Tensor x, int dimension, Tensor index) {
        var shape = x.shape();
        var at = index.shape();
        shape.size(dimension);
        boolean fits = at.rank() == shape.rank() && index.dtype() == DType.INT64;
        for (int i = 0; fits && i < at.rank(); i++) {
            fits = i == Math.floorMod(dimension, shape.rank()) || at.size(i) <= shape.size(i);
        }
        if (!fits) {
            throw new IllegalArgumentException("gather along dimension " + dimension + " of " + shape + " at "
                    + index.dtype() + " " + at + ": int64 indices of the same rank and no larger elsewhere are needed");
        }
        return GATHER.call()
                .tensor(x)
                .integer(dimension)
                .tensor(index)
                .bool(false)
                .one();
    }

    /**
     * A view of all windows of neighbours along one dimension, one apart: element i of that dimension becomes elements
     * i to {@code i + size - 1}, along a dimension behind it. {@code [B, n, C]} along dimension 1 is
     * {@code [B, n - size + 1, size, C]}.
     *
     * @param size at least 1 and at most that dimension's
     */
    public static Tensor windows(Tensor x, int dimension, int size) {
        var shape = x.shape();
        int rank = shape.rank();
        long length = shape.size(dimension);
        if (size < 1 || size > length) {
            throw new IllegalArgumentException(
                    "windows of " + size + " along dimension " + dimension + " of " + shape + ": 1 to " + length);
        }
        int at = Math.floorMod(dimension, rank);
        var order = new long[rank + 1]; // unfold puts the windows' elements last
        for (int i = 0; i <= rank; i++) {
            order[i] = i <= at ? i : i == at + 1 ? rank : i - 1;
        }
        return UNFOLD.call()
                .tensor(x)
                .integer(at)
                .integer(size)
                .integer(1)
                .one()
                .permute(order);
    }

    /** The elements in reverse order along the given dimensions; a copy. */
    public static Tensor flip(Tensor x, long... dimensions) {
        return FLIP.call()
                .tensor(x)
                .integers(Reductions.checked("flip", x, dimensions))
                .one();
    }

    /**
     * The integers from {@code start} to below {@code end}, int64 {@code [end - start]}.
     *
     * @param end at least {@code start}
     */
    public static Tensor arange(long start, long end, Device device) {
        if (end < start || end - start < 0 || end - start > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("arange from " + start + " to " + end);
        }
        var values = new long[(int) (end - start)];
        Arrays.setAll(values, i -> start + i);
        return Tensor.of(values, Shape.of(values.length)).on(device);
    }
}
