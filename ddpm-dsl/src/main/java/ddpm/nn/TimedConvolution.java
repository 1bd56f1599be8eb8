package ddpm.nn;

import ddpm.torch.Tensor;

/** A convolution with a projection of the time added to each of its channels: how blocks learn the time. */
final class TimedConvolution {
    private final Convolution convolution;
    private final Linear projection;
    private final Cached biases;

    /** @param projection from the time's embedding to the convolution's channels */
    TimedConvolution(ParamPath path, Convolution convolution, Linear projection) {
        this.convolution = convolution;
        this.projection = projection;
        this.biases = new Cached(path);
    }

    /** A time that is tabulated costs nothing, as a part of the bias; others are added alike, be it of one image or of many. */
    Tensor forward(Tensor x, TimestepTable.At time) {
        var embedding = time.embedding();
        var type = x.dtype();
        if (time.isTabulated()) {
            var table = biases.get(type, () -> biased(embedding).to(type));
            return convolution.convolve(x, table.narrow(0, time.row(), 1).view(-1));
        }
        var shift = projection.forward(embedding).to(type);
        return convolution.forward(x).add(shift.view(shift.shape().size(0), -1, 1, 1));
    }

    /** {@code [.., out]}: the convolution's bias at each of these times. */
    private Tensor biased(Tensor embedding) {
        return projection.forward(embedding).add(convolution.bias().tensor());
    }
}
