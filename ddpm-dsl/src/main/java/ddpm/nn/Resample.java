package ddpm.nn;

import ddpm.torch.Ops;

/** Half or twice the height and width, each with a 3x3 convolution. */
final class Resample {
    private Resample() {}

    /** Stride 2; zeros go around evenly, or as in the paper's code to the right and below. */
    static Block down(Params params, int channels, boolean symmetricPadding) {
        var conv = new Conv2d(params, channels, channels, new Conv2d.Config(3, 2, symmetricPadding ? 1 : 0), 1);
        return symmetricPadding ? conv : x -> conv.forward(Ops.padZeros(x, 0, 1, 0, 1));
    }

    static Block up(Params params, int channels) {
        return new UpConv2d(params, channels, channels, 1);
    }
}
