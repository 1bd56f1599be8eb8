package ddpm.nn;

import ddpm.torch.Ops;
import ddpm.torch.PackedKernel;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/**
 * {@code x [..., in]} to {@code x W^T + b [..., out]}; parameters {@code weight [out, in]} and, unless it is without,
 * {@code bias [out]}.
 */
public final class Linear implements Block {
    private final Param weight;
    private final Param bias;
    private final Cached packed;

    private Linear(ParamPath path, int in, int out, Init init, Init ofBias) {
        this.weight = path.param("weight", Shape.of(out, in), init);
        this.bias = ofBias == null ? null : path.param("bias", Shape.of(out), ofBias);
        this.packed = new Cached(path);
    }

    /** With PyTorch's default initialisation. */
    public Linear(ParamPath path, int in, int out) {
        this(path, in, out, Init.pytorch(Shape.of(out, in)), Init.pytorch(Shape.of(out, in)));
    }

    /** With the paper's: Xavier uniform times {@code scale}, bias zero. */
    public Linear(ParamPath path, int in, int out, double scale) {
        this(path, in, out, Init.xavier(Shape.of(out, in), scale), Init.ZEROS);
    }

    /** A layer without bias, with PyTorch's default initialisation. */
    public static Linear withoutBias(ParamPath path, int in, int out) {
        return new Linear(path, in, out, Init.pytorch(Shape.of(out, in)), null);
    }

    Param weight() {
        return weight;
    }

    /** Null if it has none. */
    Param bias() {
        return bias;
    }

    @Override
    public Tensor forward(Tensor x) {
        var matrix = weight.as(x.dtype());
        var offset = bias == null ? null : bias.as(x.dtype());
        if (weight.isFixed() && PackedKernel.suits(x, matrix, offset)) {
            long rows = x.shape().numel() / x.shape().size(-1);
            var laidOut = packed.get(PackedKernel.Layout.of(x), () -> PackedKernel.ofLinear(matrix, rows));
            return PackedKernel.linear(x, laidOut, offset);
        }
        return Ops.linear(x, matrix, offset);
    }
}
