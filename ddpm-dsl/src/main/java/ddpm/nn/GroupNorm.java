package ddpm.nn;

import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/** Group normalisation (Wu and He 2018) over {@code [B, C, ...]}; parameters {@code weight [C], bias [C]}. */
public final class GroupNorm implements Block {
    private final Param weight;
    private final Param bias;
    private final int groups;
    private final double eps;

    /**
     * @param groups divides {@code channels}
     * @param eps added to the variance
     */
    public GroupNorm(ParamPath path, int groups, int channels, double eps) {
        if (groups < 1 || channels % groups != 0) {
            throw new IllegalArgumentException(groups + " groups do not divide " + channels
                    + " channels: choose widths that are multiples of " + groups);
        }
        this.groups = groups;
        this.eps = eps;
        this.weight = path.param("weight", Shape.of(channels), Init.ONES);
        this.bias = path.param("bias", Shape.of(channels), Init.ZEROS);
    }

    @Override
    public Tensor forward(Tensor x) {
        return Ops.groupNorm(x, groups, weight.tensor(), bias.tensor(), eps);
    }

    /** Normalises, then applies swish: in the same memory where no gradients are recorded. */
    Tensor thenSwish(Tensor x) {
        var y = forward(x);
        if (GradMode.isOn()) {
            return Ops.silu(y);
        }
        Ops.siluInPlace(y);
        return y;
    }
}
