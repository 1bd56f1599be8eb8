package ddpm.nn;

import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/** A table of vectors: int64 indices {@code [...]} to {@code [..., width]}; parameter {@code weight [count, width]}. */
public final class Embedding implements Block {
    private final Param weight;

    /** With PyTorch's default initialisation, normal numbers. */
    public Embedding(ParamPath path, int count, int width) {
        this.weight = path.param("weight", Shape.of(count, width), new Init.Normal(1));
    }

    @Override
    public Tensor forward(Tensor indices) {
        return Ops.embedding(weight.tensor(), indices);
    }
}
