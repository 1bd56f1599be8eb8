package ddpm.nn;

import ddpm.torch.Tensor;

/** A convolution whose bias may be given. */
interface Convolution extends Block {
    /** With another bias in the place of its own, {@code [out]} of x's type. */
    Tensor convolve(Tensor x, Tensor bias);

    Param bias();

    @Override
    default Tensor forward(Tensor x) {
        return convolve(x, bias().as(x.dtype()));
    }
}
