package ddpm.nn;

import ddpm.torch.Ops;
import ddpm.torch.PackedKernel;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/** {@code x [..., in]} to {@code x W^T + b [..., out]}; parameters {@code weight [out, in], bias [out]}. */
public final class Linear implements Block {
    private final Param weight;
    private final Param bias;
    private final Cached packed;

    /** With PyTorch's default initialisation. */
    public Linear(ParamPath path, int in, int out) {
        var init = Init.pytorch(Shape.of(out, in));
        this.weight = path.param("weight", Shape.of(out, in), init);
        this.bias = path.param("bias", Shape.of(out), init);
        this.packed = new Cached(path);
    }

    /** With the paper's: Xavier uniform times {@code scale}, bias zero. */
    public Linear(ParamPath path, int in, int out, double scale) {
        this.weight = path.param("weight", Shape.of(out, in), Init.xavier(Shape.of(out, in), scale));
        this.bias = path.param("bias", Shape.of(out), Init.ZEROS);
        this.packed = new Cached(path);
    }

    @Override
    public Tensor forward(Tensor x) {
        var matrix = weight.as(x.dtype());
        var offset = bias.as(x.dtype());
        if (weight.isFixed() && PackedKernel.suits(x, matrix, offset)) {
            long rows = x.shape().numel() / x.shape().size(-1);
            var laidOut = packed.get(x.dtype(), () -> PackedKernel.ofLinear(matrix, rows));
            return PackedKernel.linear(x, laidOut, offset);
        }
        return Ops.linear(x, matrix, offset);
    }
}
