package ddpm.nn;

import ddpm.torch.MemoryFormat;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/**
 * Every pixel doubled along height and width, then a 3x3 convolution: {@code [B, in, H, W]} to {@code [B, out, 2H, 2W]};
 * parameters {@code weight, bias} are those of the convolution.
 *
 * <p>It is computed as one transposed convolution of stride 2. Two neighbouring outputs see the same doubled pixels, so
 * the nine taps of the kernel fall on four pixels only, and their sums are a kernel of 4x4: 2.25 times fewer operations,
 * exactly the same function. For drawing, {@link SeparatedUpConvolution} may need fewer still.
 */
final class UpConv2d implements Convolution {
    /** Which taps of the 3x3 kernel add up to each of the 4x4: {@code [16, 9]}, zeros and ones. */
    private static final float[] TAPS = taps();

    private final Param weight;
    private final Param bias;
    private final Cached kernel;
    private final Buffer taps;
    private final int in;
    private final int out;
    private final SeparatedUpConvolution separated;

    /** With PyTorch's default initialisation. */
    UpConv2d(ParamPath path, int in, int out) {
        this(path, in, out, Init.pytorch(Shape.of(out, in, 3, 3)), Init.pytorch(Shape.of(out, in, 3, 3)));
    }

    /** With the paper's: Xavier uniform times {@code scale}, bias zero. */
    UpConv2d(ParamPath path, int in, int out, double scale) {
        this(path, in, out, Init.xavier(Shape.of(out, in, 3, 3), scale), Init.ZEROS);
    }

    private UpConv2d(ParamPath path, int in, int out, Init weightInit, Init biasInit) {
        this.weight = path.param("weight", Shape.of(out, in, 3, 3), weightInit);
        this.bias = path.param("bias", Shape.of(out), biasInit);
        this.kernel = new Cached(path);
        this.taps = path.buffer(Shape.of(16, 9), TAPS);
        this.in = in;
        this.out = out;
        this.separated = new SeparatedUpConvolution(path, weight);
    }

    @Override
    public Param bias() {
        return bias;
    }

    @Override
    public Tensor convolve(Tensor x, Tensor withBias) {
        if (separated.suits(x, withBias)) {
            return separated.convolve(x, withBias);
        }
        return Ops.convTranspose2d(x, kernel.get(x.dtype(), () -> summed().to(x.dtype())), withBias, 2, 1);
    }

    /** {@code [in, out, 4, 4]}; the weight lies as [out, 3, 3, in], so its rows of 9 taps are one product away. */
    private Tensor summed() {
        var rows = weight.tensor().permute(0, 2, 3, 1).view(out, 9, in);
        return Ops.matmul(taps.tensor().to(rows.dtype()), rows)
                .view(out, 4, 4, in)
                .permute(3, 0, 1, 2)
                .contiguous(MemoryFormat.CHANNELS_LAST);
    }

    /**
     * Along one axis, input pixel i covers outputs 2i - 1 .. 2i + 2, the kernel's places 0..3. As doubled pixels 2i and
     * 2i + 1 it meets output 2i - 1 + place through tap p when 2i + d = 2i - 1 + place + p - 1 for d of 0 or 1.
     */
    private static float[] taps() {
        var taps = new float[16 * 9];
        for (int row = 0; row < 4; row++) {
            for (int column = 0; column < 4; column++) {
                for (int p = 0; p < 3; p++) {
                    for (int q = 0; q < 3; q++) {
                        if (meets(row, p) && meets(column, q)) {
                            taps[(4 * row + column) * 9 + 3 * p + q] = 1;
                        }
                    }
                }
            }
        }
        return taps;
    }

    private static boolean meets(int place, int tap) {
        int doubled = place + tap - 2;
        return doubled == 0 || doubled == 1;
    }
}
