package ddpm.nn;

import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/**
 * Layer normalisation (Ba et al. 2016) over the last dimension of {@code [..., size]}; parameters
 * {@code weight [size], bias [size]}.
 */
public final class LayerNorm implements Block {
    private final Param weight;
    private final Param bias;
    private final double eps;

    /** @param eps added to the variance */
    public LayerNorm(ParamPath path, int size, double eps) {
        this.eps = eps;
        this.weight = path.param("weight", Shape.of(size), Init.ONES);
        this.bias = path.param("bias", Shape.of(size), Init.ZEROS);
    }

    @Override
    public Tensor forward(Tensor x) {
        return Ops.layerNorm(x, weight.shape(), weight.as(x.dtype()), bias.as(x.dtype()), eps);
    }
}
