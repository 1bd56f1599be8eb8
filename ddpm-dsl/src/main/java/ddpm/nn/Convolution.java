package ddpm.nn;

import ddpm.torch.Tensor;

/** A convolution whose bias may be given. */
interface Convolution extends Block {
    /** With another bias in the place of its own, {@code [out]} of x's type, or null for none. */
    Tensor convolve(Tensor x, Tensor bias);

    /** Its own bias, or null if it has none. */
    Param bias();

    @Override
    default Tensor forward(Tensor x) {
        var bias = bias();
        return convolve(x, bias == null ? null : bias.as(x.dtype()));
    }
}
