package ddpm.nn;

import ddpm.torch.Ops;

/** Half or twice the height and width, each with a 3x3 convolution. */
final class Resample {
    private Resample() {}

    /** Stride 2; zeros go around evenly, or as in the paper's code to the right and below. */
    static Block down(ParamPath path, int channels, boolean symmetricPadding) {
        var conv = new Conv2d(path, channels, channels, new Conv2d.Config(3, 2, symmetricPadding ? 1 : 0), 1);
        return symmetricPadding ? conv : x -> conv.forward(Ops.padZeros(x, 0, 1, 0, 1));
    }

    static Block up(ParamPath path, int channels) {
        return new UpConv2d(path, channels, channels, 1);
    }
}
