package ddpm.nn;

import ddpm.torch.Tensor;

/** A convolution whose bias may vary by image. */
interface Convolution extends Module {
    /** With another bias in the place of its own, {@code [out]} of x's type. */
    Tensor convolve(Tensor x, Tensor bias);

    Param bias();

    @Override
    default Tensor forward(Tensor x) {
        return convolve(x, bias().as(x.dtype()));
    }

    /**
     * The convolution with a shift added to each channel: how blocks learn the time.
     *
     * @param shift {@code [B, out]} float32, or {@code [1, out]} for all images: then it costs nothing, as a part of the bias
     */
    default Tensor forward(Tensor x, Tensor shift) {
        return shift.shape().size(0) == 1
                ? convolve(x, bias().tensor().add(shift.view(-1)).to(x.dtype()))
                : forward(x).add(shift.to(x.dtype()).view(shift.shape().size(0), -1, 1, 1));
    }
}
