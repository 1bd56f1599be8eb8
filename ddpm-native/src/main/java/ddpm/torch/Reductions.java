package ddpm.torch;

import java.util.Arrays;

/**
 * Sums, means, extremes and statistics along dimensions, which stay with size 1 where {@code keep} is true and disappear
 * where it is false. Sums and means of everything and {@code argmax} are in {@link Ops}.
 */
public final class Reductions {
    private static final Op SUM = new Op("aten::sum", "dim_IntList");
    private static final Op MEAN = new Op("aten::mean", "dim");
    private static final Op VAR = new Op("aten::var", "dim");
    private static final Op MAX = new Op("aten::max");
    private static final Op MIN = new Op("aten::min");
    private static final Op MAX_DIM = new Op("aten::max", "dim");
    private static final Op MIN_DIM = new Op("aten::min", "dim");
    private static final Op ARGMIN = new Op("aten::argmin");
    private static final Op CUMSUM = new Op("aten::cumsum");

    private Reductions() {}

    /**
     * The largest or smallest elements along one dimension, and where they are.
     *
     * @param indices int64; of equal elements, one of them
     */
    public record Extremes(Tensor values, Tensor indices) {}

    public static Tensor sum(Tensor x, boolean keep, long... dimensions) {
        return SUM.call()
                .tensor(x)
                .presentIntegers(checked("sum", x, dimensions))
                .bool(keep)
                .none()
                .one();
    }

    public static Tensor mean(Tensor x, boolean keep, long... dimensions) {
        return MEAN.call()
                .tensor(x)
                .presentIntegers(checked("mean", x, dimensions))
                .bool(keep)
                .none()
                .one();
    }

    /**
     * The variance along dimensions.
     *
     * @param unbiased whether sums of squares are divided by n - 1 rather than n
     */
    public static Tensor var(Tensor x, boolean unbiased, boolean keep, long... dimensions) {
        return VAR.call()
                .tensor(x)
                .presentIntegers(checked("var", x, dimensions))
                .bool(unbiased)
                .bool(keep)
                .one();
    }

    /** The largest element of all, a scalar. */
    public static Tensor max(Tensor x) {
        return MAX.call().tensor(some("max", x)).one();
    }

    /** The smallest element of all, a scalar. */
    public static Tensor min(Tensor x) {
        return MIN.call().tensor(some("min", x)).one();
    }

    /** The largest elements along one dimension. */
    public static Extremes max(Tensor x, int dimension, boolean keep) {
        return extremes("max", MAX_DIM, x, dimension, keep);
    }

    /** The smallest elements along one dimension. */
    public static Extremes min(Tensor x, int dimension, boolean keep) {
        return extremes("min", MIN_DIM, x, dimension, keep);
    }

    private static Extremes extremes(String name, Op op, Tensor x, int dimension, boolean keep) {
        along(name, x, dimension);
        var results = op.call().tensor(x).integer(dimension).bool(keep).several(2);
        return new Extremes(results[0], results[1]);
    }

    /** The position of the smallest element along one dimension, int64. */
    public static Tensor argmin(Tensor x, int dimension) {
        along("argmin", x, dimension);
        return ARGMIN.call().tensor(x).optionalInteger(dimension).bool(false).one();
    }

    /** Sums of all elements up to each, along one dimension. */
    public static Tensor cumsum(Tensor x, int dimension) {
        x.shape().size(dimension);
        return CUMSUM.call().tensor(x).integer(dimension).none().one();
    }

    private static void along(String op, Tensor x, int dimension) {
        if (x.shape().size(dimension) == 0) {
            throw new IllegalArgumentException(
                    op + " along dimension " + dimension + " of " + x.shape() + ": no elements");
        }
    }

    private static Tensor some(String op, Tensor x) {
        if (x.shape().numel() == 0) {
            throw new IllegalArgumentException(op + " of " + x.shape() + ": no elements");
        }
        return x;
    }

    /** Each dimension is there and named once. */
    static long[] checked(String op, Tensor x, long... dimensions) {
        int rank = x.shape().rank();
        var seen = new boolean[rank];
        for (long d : dimensions) {
            long at = d < 0 ? d + rank : d;
            if (at < 0 || at >= rank || seen[(int) at]) {
                throw new IllegalArgumentException(op + " along dimensions " + Arrays.toString(dimensions) + " of "
                        + x.shape() + ": name each once");
            }
            seen[(int) at] = true;
        }
        return dimensions;
    }
}
