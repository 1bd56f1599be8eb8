package ddpm.nn;

import ddpm.torch.Ops;
import ddpm.torch.Tensor;

/** Half or twice the height and width, each with a 3x3 convolution. */
final class Resample implements Module {
    private enum Direction {
        DOWN_PADDED_RIGHT,
        DOWN_PADDED_EVENLY,
        UP
    }

    private final Direction direction;
    private final Conv2d conv;

    private Resample(Direction direction, Conv2d conv) {
        this.direction = direction;
        this.conv = conv;
    }

    static Resample down(Params params, int channels, boolean symmetricPadding) {
        var config = new Conv2d.Config(3, 2, symmetricPadding ? 1 : 0);
        return new Resample(
                symmetricPadding ? Direction.DOWN_PADDED_EVENLY : Direction.DOWN_PADDED_RIGHT,
                new Conv2d(params, channels, channels, config, 1));
    }

    static Resample up(Params params, int channels) {
        return new Resample(Direction.UP, new Conv2d(params, channels, channels, Conv2d.Config.same(3), 1));
    }

    @Override
    public Tensor forward(Tensor x) {
        return switch (direction) {
            case DOWN_PADDED_RIGHT -> conv.forward(Ops.padZeros(x, 0, 1, 0, 1));
            case DOWN_PADDED_EVENLY -> conv.forward(x);
            case UP -> conv.forward(Ops.upsampleNearest2d(x, 2));
        };
    }
}
