package ddpm.nn;

import ddpm.torch.Tensor;

/** A convolution with a projection of the time added to each of its channels: how blocks learn the time. */
final class TimedConvolution {
    private final Convolution convolution;
    private final Linear projection;
    private final Derived biases;

    /** @param projection from the time's embedding to the convolution's channels */
    TimedConvolution(Params params, Convolution convolution, Linear projection) {
        this.convolution = convolution;
        this.projection = projection;
        this.biases = new Derived(params);
    }

    /** A time that is the same for all images costs nothing, as a part of the bias. */
    Tensor forward(Tensor x, Times.At time) {
        var bias = convolution.bias();
        if (time.isTabulated()) {
            var table = biases.get(
                    x.dtype(),
                    () -> projection
                            .forward(time.embedding())
                            .add(bias.tensor())
                            .to(x.dtype()));
            return convolution.convolve(x, table.narrow(0, time.row(), 1).view(-1));
        }
        var shift = projection.forward(time.embedding());
        return shift.shape().size(0) == 1
                ? convolution.convolve(x, bias.tensor().add(shift.view(-1)).to(x.dtype()))
                : convolution
                        .forward(x)
                        .add(shift.to(x.dtype()).view(shift.shape().size(0), -1, 1, 1));
    }
}
