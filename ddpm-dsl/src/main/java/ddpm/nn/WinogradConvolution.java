package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.LibTorch;
import ddpm.torch.MemoryFormat;
import ddpm.torch.Ops;
import ddpm.torch.PackedKernel;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;

/**
 * A 3x3 convolution of stride 1 that keeps height and width, with half of the multiplications, for drawing: Winograd's
 * F(4, 3) over rows (Lavin and Gray 2016, Fast Algorithms for Convolutional Neural Networks).
 *
 * <p>Down a column of pixels, four outputs are a product of polynomials: of six inputs and the kernel's three. Such a
 * product is six multiplications where both are known at six points, instead of twelve. Here a multiplication is a
 * convolution along rows by a kernel of 1x3, all six are the groups of one, and what leads to the points and back are sums
 * of whole rows. The points are
 * 0, &plusmn;1/&radic;2, &plusmn;&radic;2 and infinity: with these the result in float32 is as near to the exact one as
 * that of the nine taps, with 0, &plusmn;1, &plusmn;2 it is off by twice as much.
 */
final class WinogradConvolution {
    /** Rows of the output that are computed together. */
    private static final int TILE = 4;

    private static final int POINTS = 6;

    /** The points next to zero, and those beyond one: ROOT_HALF squared is 1/2, ROOT_TWO squared is 2. */
    private static final double ROOT_HALF = Math.sqrt(0.5);

    private static final double ROOT_TWO = Math.sqrt(2);

    /**
     * The kernel's three rows to its values at the points: {@code [6, 3]}. Each row is divided by the point's distances
     * from the others, and multiplied by a number that spares {@link #joined} a multiplication.
     */
    private static final float[] KERNEL_TO_POINTS = rows(new double[][] {
        {1, 0, 0},
        {-ROOT_HALF / 1.5, -1 / 3.0, -ROOT_HALF / 3},
        {-ROOT_HALF / 1.5, 1 / 3.0, -ROOT_HALF / 3},
        {1 / 3.0, ROOT_TWO / 3, 2 / 3.0},
        {1 / 3.0, -ROOT_TWO / 3, 2 / 3.0},
        {0, 0, 1}
    });

    /** What {@link #joined} turns into one at each of the four rows: {@code [6, 1]}. */
    private static final float[] BIAS_TO_POINTS =
            rows(new double[][] {{0.5}, {0}, {0}, {(1 + ROOT_TWO) / 2}, {(1 - ROOT_TWO) / 2}, {-1}});

    private final Param weight;
    private final Cached kernels;
    private final Buffer kernelToPoints;
    private final Buffer biasToPoints;

    /** @param weight {@code [out, in, 3, 3]} */
    WinogradConvolution(ParamPath path, Param weight) {
        this.weight = weight;
        this.kernels = new Cached(path);
        this.kernelToPoints = path.buffer(Shape.of(POINTS, 3), KERNEL_TO_POINTS);
        this.biasToPoints = path.buffer(Shape.of(POINTS, 1), BIAS_TO_POINTS);
    }

    /** Whether fewer multiplications for more sums were found to be faster on processors like this one. */
    static boolean isMeasuredHere() {
        return Payoff.MEASURED;
    }

    /** Whether it is the faster way for such images, however many there are: one image is computed as in any batch. */
    boolean suits(Tensor x) {
        return x.dtype() == DType.FLOAT32
                && weight.isFixed()
                && x.shape().size(2) % TILE == 0
                && Payoff.of(x.shape(), weight.shape());
    }

    /**
     * @param x {@code [B, in, H, W]}
     * @param bias {@code [out]} or null
     * @return {@code [B, out, H, W]}, channels last
     */
    Tensor convolve(Tensor x, Tensor bias) {
        try (var scope = TensorScope.open()) {
            var values = split(x.contiguous(MemoryFormat.CHANNELS_LAST).permute(0, 2, 3, 1));
            var products = products(values, bias);
            values.close();
            return scope.keep(joined(products).permute(0, 3, 1, 2));
        }
    }

    /** Six inputs of every four rows, those between two tiles included, at the points: {@code [B, H/4, W, 6 in]}. */
    private static Tensor split(Tensor x) {
        try (var scope = TensorScope.open()) {
            var size = x.shape();
            long tiles = size.size(1) / TILE;
            var pairs = x.view(size.size(0), tiles, 2, 2, size.size(2), size.size(3));
            var upper = pairs.narrow(2, 0, 1); // rows 0 and 1 of each tile
            var lower = pairs.narrow(2, 1, 1); // rows 2 and 3
            var row0 = row(upper, 0);
            var row1 = row(upper, 1);
            var row2 = row(lower, 0);
            var row3 = row(lower, 1);
            var edge = Tensor.zeros(size.with(1, 1), x.dtype(), x.device());
            var above = Ops.cat(1, edge, row3.narrow(1, 0, tiles - 1));
            var below = Ops.cat(1, row0.narrow(1, 1, tiles - 1), edge);

            var near = lower.add(upper, -2);
            var far = lower.add(upper, -0.5);
            var evenNear = row(near, 1);
            var oddNear = row(near, 0);
            var evenFar = row(far, 1);
            var oddFar = row(far, 0);
            return scope.keep(Ops.cat(
                    3,
                    above.add(row1, -0.5).add(evenNear),
                    evenNear.add(oddNear, ROOT_HALF),
                    evenNear.add(oddNear, -ROOT_HALF),
                    evenFar.add(oddFar, ROOT_TWO),
                    evenFar.add(oddFar, -ROOT_TWO),
                    below.add(row2, -0.5).add(oddFar, -2)));
        }
    }

    /** {@code [B, H/4, W, in]} of {@code [B, H/4, 1, 2, W, in]}. */
    private static Tensor row(Tensor pair, int which) {
        var size = pair.shape();
        return pair.narrow(3, which, 1).view(size.size(0), size.size(1), size.size(4), size.size(5));
    }

    /** {@code [B, H/4, W, 6 in]} to {@code [B, H/4, W, out]} at each of the six points, as views. */
    private Tensor[] products(Tensor values, Tensor bias) {
        var x = values.permute(0, 3, 1, 2);
        long out = weight.shape().size(0);
        var kernel = kernels.get(
                PackedKernel.Layout.of(x), () -> PackedKernel.ofConv2d(kernelsAtPoints(), x.shape(), 1, 0, 1, POINTS));
        var biases = bias == null ? null : biasToPoints.tensor().mul(bias).view(-1); // [6 out]
        var all = PackedKernel.conv2d(x, kernel, biases, 1, 0, 1, POINTS).permute(0, 2, 3, 1);
        var products = new Tensor[POINTS];
        for (int point = 0; point < POINTS; point++) {
            products[point] = all.narrow(3, point * out, out);
        }
        return products;
    }

    /** {@code [6 out, in, 1, 3]}; the weight lies as [out, 3, 3, in], so its rows are one product away. */
    private Tensor kernelsAtPoints() {
        long out = weight.shape().size(0);
        long in = weight.shape().size(1);
        var rows = weight.tensor().permute(0, 2, 3, 1).reshape(out, 3, 3 * in);
        return Ops.matmul(kernelToPoints.tensor(), rows) // [out, 6, 3 in]
                .transpose(0, 1)
                .reshape(POINTS * out, 1, 3, in)
                .permute(0, 3, 1, 2);
    }

    /** Four rows from the products at the six points: {@code [B, H/4, W, out]} each to {@code [B, H, W, out]}. */
    private static Tensor joined(Tensor[] products) {
        try (var scope = TensorScope.open()) {
            var even = products[1].add(products[2]);
            var odd = products[1].sub(products[2]);
            var evenFar = products[3].add(products[4]);
            var oddFar = products[3].sub(products[4]);
            var rows = new Tensor[] {
                products[0].add(even, ROOT_TWO).add(evenFar, 0.5),
                odd.add(oddFar, ROOT_HALF),
                evenFar.add(even, ROOT_HALF),
                products[5].add(odd, 0.5).add(oddFar, ROOT_TWO)
            };
            var size = rows[0].shape();
            for (int row = 0; row < TILE; row++) {
                rows[row] = rows[row].view(size.size(0), size.size(1), 1, size.size(2), size.size(3));
            }
            return scope.keep(Ops.cat(2, rows).view(size.size(0), size.size(1) * TILE, size.size(2), size.size(3)));
        }
    }

    private static float[] rows(double[][] matrix) {
        int columns = matrix[0].length;
        var values = new float[matrix.length * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) matrix[i / columns][i % columns];
        }
        return values;
    }

    /** Where fewer multiplications outweigh the sums of rows, as measured on an AMD Zen 3. Loaded when a network is run. */
    private static final class Payoff {
        private static final long FEWEST_CHANNELS = 64;
        private static final long SMALLEST_IMAGE = 1 << 15;

        /** Vectors of AVX-512 and AMX halve the time of multiplications, but not that of sums in memory. */
        static final boolean MEASURED = LibTorch.load().cpuCapability().equals("AVX2");

        static boolean of(Shape images, Shape weight) {
            long channels = Math.min(weight.size(0), weight.size(1));
            return MEASURED
                    && channels >= FEWEST_CHANNELS
                    && channels * images.size(2) * images.size(3) >= SMALLEST_IMAGE;
        }
    }
}
