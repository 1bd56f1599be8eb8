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
 * of whole rows. At the points of {@link WinogradSums} the result in float32 is as near to the exact one as that of the nine
 * taps; with 0, &plusmn;1, &plusmn;2 and infinity it is off by twice as much.
 */
final class WinogradConvolution {
    private final Param weight;
    private final Cached kernels;
    private final WinogradSums sums;

    /** @param weight {@code [out, in, 3, 3]} */
    WinogradConvolution(ParamPath path, Param weight) {
        this.weight = weight;
        this.kernels = new Cached(path);
        this.sums = new WinogradSums(path);
    }

    /** Whether fewer multiplications for more sums were found to be faster on processors like this one. */
    static boolean isMeasuredHere() {
        return Payoff.MEASURED;
    }

    /** Whether it is the faster way for such images, however many there are: one image is computed as in any batch. */
    boolean suits(Tensor x) {
        return x.dtype() == DType.FLOAT32
                && weight.isFixed()
                && x.shape().size(2) % WinogradSums.TILE == 0
                && Payoff.of(x.shape(), weight.shape());
    }

    /**
     * @param x {@code [B, in, H, W]}
     * @param bias {@code [out]} or null
     * @return {@code [B, out, H, W]}, channels last
     */
    Tensor convolve(Tensor x, Tensor bias) {
        try (var scope = TensorScope.open()) {
            var values = sums.toPoints(x.contiguous(MemoryFormat.CHANNELS_LAST).permute(0, 2, 3, 1));
            var products = products(values, bias);
            values.close();
            return scope.keep(sums.toRows(products).permute(0, 3, 1, 2));
        }
    }

    /** {@code [B, H/4, W, 6 in]} to {@code [B, H/4, W, 6 out]}. */
    private Tensor products(Tensor values, Tensor bias) {
        var x = values.permute(0, 3, 1, 2);
        int points = WinogradSums.POINTS;
        var kernel = kernels.get(
                PackedKernel.Layout.of(x), () -> PackedKernel.ofConv2d(kernelsAtPoints(), x.shape(), 1, 0, 1, points));
        var biases = bias == null ? null : sums.biasToPoints().mul(bias).view(-1); // [6 out]
        return PackedKernel.conv2d(x, kernel, biases, 1, 0, 1, points).permute(0, 2, 3, 1);
    }

    /** {@code [6 out, in, 1, 3]}; the weight lies as [out, 3, 3, in], so its rows are one product away. */
    private Tensor kernelsAtPoints() {
        long out = weight.shape().size(0);
        long in = weight.shape().size(1);
        var rows = weight.tensor().permute(0, 2, 3, 1).reshape(out, 3, 3 * in);
        return Ops.matmul(sums.kernelToPoints(), rows) // [out, 6, 3 in]
                .transpose(0, 1)
                .reshape(WinogradSums.POINTS * out, 1, 3, in)
                .permute(0, 3, 1, 2);
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
