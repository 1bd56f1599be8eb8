package ddpm.nn;

import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/** {@code x [..., in]} to {@code x W^T + b [..., out]}; parameters {@code weight [out, in], bias [out]}. */
public final class Linear implements Module {
    private final Param weight;
    private final Param bias;

    /** With PyTorch's default initialisation. */
    public Linear(Params params, int in, int out) {
        var init = Init.pytorch(Shape.of(out, in));
        this.weight = params.param("weight", Shape.of(out, in), init);
        this.bias = params.param("bias", Shape.of(out), init);
    }

    /** With the paper's: Xavier uniform times {@code scale}, bias zero. */
    public Linear(Params params, int in, int out, double scale) {
        this.weight = params.param("weight", Shape.of(out, in), Init.xavier(Shape.of(out, in), scale));
        this.bias = params.param("bias", Shape.of(out), Init.ZEROS);
    }

    @Override
    public Tensor forward(Tensor x) {
        return Ops.linear(x, weight.as(x.dtype()), bias.as(x.dtype()));
    }
}
