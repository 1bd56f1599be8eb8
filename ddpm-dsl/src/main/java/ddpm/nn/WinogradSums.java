package ddpm.nn;

import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.function.IntToDoubleFunction;

/**
 * The sums of rows in Winograd's F(4, 3): from six rows of an image to values at six points, and from products at these
 * points to four rows. The points are 0, &plusmn;1/&radic;2, &plusmn;&radic;2 and infinity, in this order.
 *
 * <p>Each sum is an interpolation, {@code a + w (b - a)}: libtorch computes those of many rows, each with a weight of its
 * own, in one call, and puts them where it is told. A sum {@code p a + q b} is {@code p + q} times the interpolation with
 * {@code w = q / (p + q)}; {@link #kernelToPoints()} makes up for {@code p + q}.
 */
final class WinogradSums {
    /** Rows of the output that are computed together. */
    static final int TILE = 4;

    static final int POINTS = 6;

    /** The points next to zero, and those beyond one: ROOT_HALF squared is 1/2, ROOT_TWO squared is 2. */
    private static final double ROOT_HALF = Math.sqrt(0.5);

    private static final double ROOT_TWO = Math.sqrt(2);

    // ---- To the points --------------------------------------------------------------------------------------------

    /** Rows 2 and 3 minus twice rows 0 and 1, and minus half of them. */
    private static final float[] ODD_AND_EVEN = numbers(2, -1);

    /** The even part plus the odd one times the point. */
    private static final float[] AT_POINTS = numbers(
            ROOT_HALF / (1 + ROOT_HALF), -ROOT_HALF / (1 - ROOT_HALF),
            ROOT_TWO / (1 + ROOT_TWO), -ROOT_TWO / (1 - ROOT_TWO));

    /** Minus half of row 1 plus the even part next to zero; minus half of row 2, minus twice the odd part beyond one. */
    private static final float[] AT_ENDS = numbers(2 / 3.0);

    /** To which the row above the four is added, and the one below. */
    private static final float[] NEIGHBOUR = numbers(-2);

    /** The same where there is none. */
    private static final float[] NO_NEIGHBOUR = numbers(3);

    /** The values at the points come out so many times as large as they are. */
    private static final double[] OF_VALUES = {
        -2, -1 / (1 + ROOT_HALF), -1 / (1 - ROOT_HALF), 2 / (1 + ROOT_TWO), 2 / (1 - ROOT_TWO), -2
    };

    // ---- From the points ------------------------------------------------------------------------------------------

    /**
     * The product at a negative point is so many times as large as that at the positive one: the difference of equals is a
     * multiple of no interpolation.
     */
    private static final double RATIO = 3;

    /** Sum and difference of the products at a point and at its negative, which beyond one is wanted with the other sign. */
    private static final float[] SUM_AND_DIFFERENCE =
            numbers(1 / (RATIO + 1), -1 / (RATIO - 1), -1 / (RATIO - 1), 1 / (RATIO + 1));

    private static final double LARGER = 1 + 1 / RATIO;
    private static final double SMALLER = 1 - 1 / RATIO;

    /** The product at a positive point is wanted so many times as large: rows 1 and 2 then come out as large as they are. */
    private static final double SHARE = SMALLER + ROOT_HALF * LARGER;

    /** What the four points give of rows 0 and 3 comes out divided by this. */
    private static final double INNER = (ROOT_TWO * LARGER + SMALLER / 2) / SHARE;

    /** Of rows 0 to 3, the part of what is beyond one; the other part is of what is next to zero. */
    private static final float[] ROWS = numbers(
            SMALLER / 2 / (SHARE * INNER),
            ROOT_HALF * LARGER / SHARE,
            SMALLER / SHARE,
            ROOT_TWO * LARGER / (SHARE * INNER));

    /** The part of zero in row 0, and of infinity in row 3. */
    private static final float[] ENDS = numbers(1 - INNER);

    /** The products at the points are wanted so many times as large as they are. */
    private static final double[] OF_PRODUCTS = {
        1 / (1 - INNER), SHARE, RATIO * SHARE, SHARE, -RATIO * SHARE, 1 / (1 - INNER)
    };

    // ---- Kernel and bias ------------------------------------------------------------------------------------------

    /** Each row is divided by the point's distances from the others. */
    private static final float[] KERNEL_TO_POINTS = scaled(
            new double[][] {
                {1, 0, 0},
                {-ROOT_HALF / 1.5, -1 / 3.0, -ROOT_HALF / 3},
                {-ROOT_HALF / 1.5, 1 / 3.0, -ROOT_HALF / 3},
                {1 / 3.0, ROOT_TWO / 3, 2 / 3.0},
                {1 / 3.0, -ROOT_TWO / 3, 2 / 3.0},
                {0, 0, 1}
            },
            point -> OF_PRODUCTS[point] / OF_VALUES[point]);

    private static final float[] BIAS_TO_POINTS = scaled(
            new double[][] {{0.5}, {0}, {0}, {(1 + ROOT_TWO) / 2}, {(1 - ROOT_TWO) / 2}, {-1}},
            point -> OF_PRODUCTS[point]);

    private final Buffer kernelToPoints;
    private final Buffer biasToPoints;
    private final Buffer oddAndEven;
    private final Buffer atPoints;
    private final Buffer atEnds;
    private final Buffer neighbour;
    private final Buffer noNeighbour;
    private final Buffer sumAndDifference;
    private final Buffer rows;
    private final Buffer ends;

    WinogradSums(ParamPath path) {
        this.kernelToPoints = path.buffer(Shape.of(POINTS, 3), KERNEL_TO_POINTS);
        this.biasToPoints = path.buffer(Shape.of(POINTS, 1), BIAS_TO_POINTS);
        this.oddAndEven = path.buffer(Shape.of(2, 1, 1, 1), ODD_AND_EVEN);
        this.atPoints = path.buffer(Shape.of(2, 2, 1, 1), AT_POINTS);
        this.atEnds = path.buffer(Shape.of(), AT_ENDS);
        this.neighbour = path.buffer(Shape.of(), NEIGHBOUR);
        this.noNeighbour = path.buffer(Shape.of(), NO_NEIGHBOUR);
        this.sumAndDifference = path.buffer(Shape.of(2, 2, 1, 1), SUM_AND_DIFFERENCE);
        this.rows = path.buffer(Shape.of(2, 2, 1, 1), ROWS);
        this.ends = path.buffer(Shape.of(), ENDS);
    }

    /** The kernel's three rows to what the products are made with: {@code [6, 3]}. */
    Tensor kernelToPoints() {
        return kernelToPoints.tensor();
    }

    /** What added to the products is one in each of the four rows: {@code [6, 1]}. */
    Tensor biasToPoints() {
        return biasToPoints.tensor();
    }

    /**
     * Values at the points of every four rows with the one above and the one below.
     *
     * @param images {@code [B, H, W, C]}, contiguous; H is a multiple of 4
     * @return {@code [B, H/4, W, 6 C]}
     */
    Tensor toPoints(Tensor images) {
        try (var scope = TensorScope.open()) {
            var x = Planes.rows(images);
            var parts = Planes.rows(empty(images, images.shape())); // odd, even; next to zero, then beyond one
            Ops.lerpInto(parts.table(0, 2, 1), x.table(2, 0, 1), x.table(0, 0, 1), oddAndEven.tensor());

            var values =
                    Planes.points(empty(images, Shape.of(x.images(), x.tiles(), x.width(), POINTS * x.channels())));
            Ops.lerpInto(values.table(1, 2, 1), parts.table(1, 2, 0), parts.table(0, 2, 0), atPoints.tensor());
            Ops.lerpInto(values.pair(0, 5), x.pair(1, 2), parts.pair(1, 2), atEnds.tensor());

            long last = x.tiles() - 1;
            if (last > 0) {
                var atZero = values.ofTiles(0, 1, last);
                var atInfinity = values.ofTiles(5, 0, last);
                Ops.lerpInto(atZero, atZero, x.ofTiles(3, 0, last), neighbour.tensor());
                Ops.lerpInto(atInfinity, atInfinity, x.ofTiles(0, 1, last), neighbour.tensor());
            }
            Ops.mulInPlace(values.ofTiles(0, 0, 1), noNeighbour.tensor());
            Ops.mulInPlace(values.ofTiles(5, last, 1), noNeighbour.tensor());
            return scope.keep(values.tensor());
        }
    }

    /**
     * Every four rows of products at the points.
     *
     * @param atPoints {@code [B, H/4, W, 6 C]}, contiguous
     * @return {@code [B, H, W, C]}
     */
    Tensor toRows(Tensor atPoints) {
        try (var scope = TensorScope.open()) {
            var products = Planes.points(atPoints);
            var shape = Shape.of(products.images(), products.tiles() * TILE, products.width(), products.channels());
            var sums = Planes.rows(empty(atPoints, shape)); // sum, difference; next to zero, then beyond one
            Ops.lerpInto(
                    sums.table(0, 2, 1), products.table(1, 2, 0), products.table(2, 2, 0), sumAndDifference.tensor());

            var result = Planes.rows(empty(atPoints, shape)); // of sums, differences, sums, differences
            Ops.lerpInto(result.table(0, 2, 1), sums.table(0, 0, 1), sums.table(2, 0, 1), rows.tensor());
            var outer = result.pair(0, 3);
            Ops.lerpInto(outer, outer, products.pair(0, 5), ends.tensor());
            return scope.keep(result.tensor());
        }
    }

    private static Tensor empty(Tensor like, Shape shape) {
        return Tensor.empty(shape, like.dtype(), like.device());
    }

    /**
     * Tiles of four rows, or of values at six points; a row or a value of all pixels is a plane of its tile.
     *
     * @param tile elements from one tile to the next
     * @param apart elements from one plane of a tile to the next
     * @param pixel elements from one pixel of a plane to the next
     */
    private record Planes(
            Tensor tensor, long images, long tiles, long width, long channels, long tile, long apart, long pixel) {
        /** @param tensor {@code [B, H, W, C]} */
        static Planes rows(Tensor tensor) {
            var size = tensor.shape();
            long width = size.size(2);
            long channels = size.size(3);
            long row = width * channels;
            return new Planes(tensor, size.size(0), size.size(1) / TILE, width, channels, TILE * row, row, channels);
        }

        /** @param tensor {@code [B, H/4, W, 6 C]} */
        static Planes points(Tensor tensor) {
            var size = tensor.shape();
            long width = size.size(2);
            long pixel = size.size(3);
            long channels = pixel / POINTS;
            return new Planes(tensor, size.size(0), size.size(1), width, channels, width * pixel, channels, pixel);
        }

        /** {@code [B, tiles, 2, 2, W, C]}: planes {@code first + i down + j right}; a step of 0 repeats them. */
        Tensor table(int first, int down, int right) {
            return tensor.strided(first * apart, new long[] {images, tiles, 2, 2, width, channels}, new long[] {
                tiles * tile, tile, down * apart, right * apart, pixel, 1
            });
        }

        /** {@code [B, tiles, 2, W, C]}: planes a and b, a the first. */
        Tensor pair(int a, int b) {
            return tensor.strided(a * apart, new long[] {images, tiles, 2, width, channels}, new long[] {
                tiles * tile, tile, (b - a) * apart, pixel, 1
            });
        }

        /** {@code [B, count, W, C]}: one plane of some tiles. */
        Tensor ofTiles(int plane, long first, long count) {
            return tensor.strided(
                    first * tile + plane * apart,
                    new long[] {images, count, width, channels},
                    new long[] {tiles * tile, tile, pixel, 1});
        }
    }

    private static float[] numbers(double... numbers) {
        return scaled(new double[][] {numbers}, _ -> 1);
    }

    /** A matrix's elements row by row, each row times its factor. */
    private static float[] scaled(double[][] matrix, IntToDoubleFunction factor) {
        int columns = matrix[0].length;
        var values = new float[matrix.length * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (matrix[i / columns][i % columns] * factor.applyAsDouble(i / columns));
        }
        return values;
    }
}
