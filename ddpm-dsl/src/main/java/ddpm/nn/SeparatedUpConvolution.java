package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.MemoryFormat;
import ddpm.torch.Ops;
import ddpm.torch.PackedKernel;
import ddpm.torch.Shaping;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;

/**
 * Every pixel doubled, then a 3x3 convolution, for drawing: nine multiplications a pixel and pair of channels, where the
 * transposed convolution of {@link UpConv2d} has sixteen.
 *
 * <p>Along one axis the outputs 2i and 2i + 1 are {@code w0 x[i-1] + w1 x[i] + w2 x[i]} and
 * {@code w0 x[i] + w1 x[i] + w2 x[i+1]}. With {@code s[i] = w0 x[i-1] + w2 x[i]}, the outer taps, and
 * {@code m[i] = w1 x[i]}, the middle one, they are {@code s[i] + m[i]} and {@code s[i+1] + m[i]}. Along both axes that is
 * four small convolutions, of the kernel's corners, its edges and its centre, and three sums.
 */
final class SeparatedUpConvolution {
    /** With fewer channels in, the sums and the calls take longer than the multiplications spared: on an AMD Zen 3. */
    private static final long FEWEST_CHANNELS = 128;

    private final Param weight;
    private final Cached corners;
    private final Cached aboveAndBelow;
    private final Cached leftAndRight;
    private final Cached centre;

    /** @param weight {@code [out, in, 3, 3]} */
    SeparatedUpConvolution(ParamPath path, Param weight) {
        this.weight = weight;
        this.corners = new Cached(path);
        this.aboveAndBelow = new Cached(path);
        this.leftAndRight = new Cached(path);
        this.centre = new Cached(path);
    }

    /** Whether it is the faster way for such images, however many there are: one image is computed as in any batch. */
    boolean suits(Tensor x, Tensor bias) {
        return x.dtype() == DType.FLOAT32
                && weight.isFixed()
                && weight.shape().size(1) >= FEWEST_CHANNELS
                && WinogradConvolution.isMeasuredHere()
                && PackedKernel.suits(x, weight.tensor(), bias);
    }

    /**
     * @param x {@code [B, in, H, W]} float32
     * @param bias {@code [out]} or null
     * @return {@code [B, out, 2H, 2W]}, channels last
     */
    Tensor convolve(Tensor x, Tensor bias) {
        try (var scope = TensorScope.open()) {
            var outerRows = doubled(taps(corners, x, true, true, null), taps(leftAndRight, x, false, true, null), 1);
            var middleRows = doubled(taps(aboveAndBelow, x, true, false, null), taps(centre, x, false, false, bias), 1);
            return scope.keep(doubled(outerRows, middleRows, 2).permute(0, 3, 1, 2));
        }
    }

    /**
     * The convolution with the outer or the middle taps of rows and columns.
     *
     * @return {@code [B, H + 1 or H, W + 1 or W, out]}
     */
    private Tensor taps(Cached kernel, Tensor x, boolean outerRows, boolean outerColumns, Tensor bias) {
        int rows = outerRows ? 1 : 0;
        int columns = outerColumns ? 1 : 0;
        var packed = kernel.get(
                PackedKernel.Layout.of(x),
                () -> PackedKernel.ofConv2d(
                        part(part(weight.tensor(), 2, outerRows), 3, outerColumns)
                                .contiguous(MemoryFormat.CHANNELS_LAST),
                        x.shape(),
                        1,
                        rows,
                        columns,
                        1));
        return PackedKernel.conv2d(x, packed, bias, 1, rows, columns, 1).permute(0, 2, 3, 1);
    }

    /** Taps 0 and 2 along a dimension of the kernel, or tap 1. */
    private static Tensor part(Tensor kernel, int dimension, boolean outer) {
        return outer
                ? Ops.cat(dimension, kernel.narrow(dimension, 0, 1), kernel.narrow(dimension, 2, 1))
                : kernel.narrow(dimension, 1, 1);
    }

    /** {@code s[i] + m[i]} and {@code s[i+1] + m[i]} in turn along a dimension, which doubles. */
    private static Tensor doubled(Tensor s, Tensor m, int dimension) {
        var size = m.shape();
        return Shaping.windows(s, dimension, 2)
                .add(Shaping.unsqueeze(m, dimension + 1))
                .view(size.with(dimension, 2 * size.size(dimension)).toArray());
    }
}
