package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;
import java.util.List;

/**
 * A network that sees squares of pixels as channels: images {@code [B, C, H, W]} reach the inner network as
 * {@code [B, C patch^2, H / patch, W / patch]}, and its output goes back to pixels ({@link Ops#pixelUnshuffle}). At equal widths
 * that is {@code patch^2} times less work, and wide layers of few pixels are computed at a better rate than narrow ones of many.
 *
 * <p>The parameters are the inner network's, under their own names.
 *
 * @param patch side of a square, 1 to 64 pixels
 * @param inner the network of patches; its channels are multiples of {@code patch^2}
 */
public record Patched(int patch, NetworkConfig inner) implements NetworkConfig {
    private static final int LARGEST_PATCH = 64;

    public Patched {
        if (patch < 1 || patch > LARGEST_PATCH) {
            throw new IllegalArgumentException(
                    "patches of " + patch + " pixels a side: 1 to " + LARGEST_PATCH + " are possible");
        }
        if (inner.inChannels() % (patch * patch) != 0 || inner.outChannels() % (patch * patch) != 0) {
            throw new IllegalArgumentException("patches of " + patch + " by " + patch + " pixels have multiples of "
                    + patch * patch + " channels, and this network takes " + inner.inChannels() + " and gives "
                    + inner.outChannels() + ": " + inner);
        }
    }

    /**
     * The paper's network in small over patches of 2x2 pixels: the inner levels of {@link UNetConfig#mini}, attention at a
     * quarter of the images' height. 0.97 million parameters with 1 channel.
     */
    public static Patched mini(int channels) {
        return new Patched(2, UNetConfig.of(4 * channels, 32, List.of(2, 2), 1, List.of(false, true), 8, 0));
    }

    @Override
    public Network build(ParamPath path) {
        return new OverPatches(this, inner.build(path));
    }

    @Override
    public int inChannels() {
        return inner.inChannels() / (patch * patch);
    }

    @Override
    public int outChannels() {
        return inner.outChannels() / (patch * patch);
    }

    @Override
    public int labels() {
        return inner.labels();
    }

    @Override
    public Patched withLabels(int labels) {
        return new Patched(patch, inner.withLabels(labels));
    }

    @Override
    public Patched withOutChannels(int channels) {
        return new Patched(patch, inner.withOutChannels(Math.multiplyExact(channels, patch * patch)));
    }

    @Override
    public int sizeMultiple() {
        return patch * inner.sizeMultiple();
    }

    @Override
    public boolean computesIn(DType precision) {
        return inner.computesIn(precision);
    }

    private record OverPatches(Patched config, Network inner) implements Network {
        @Override
        public Tensor forward(Tensor x, Tensor t, Tensor labels) {
            return forward(x, t, labels, x.dtype());
        }

        @Override
        public Tensor forward(Tensor x, Tensor t, Tensor labels, DType precision) {
            InputCheck.check("a network of patches", x, t, config.inChannels(), config.sizeMultiple());
            return Block.chain(
                    x,
                    v -> Ops.pixelUnshuffle(v, config.patch),
                    v -> inner.forward(v, t, labels, precision),
                    v -> Ops.pixelShuffle(v, config.patch));
        }

        @Override
        public void tabulate(int timesteps) {
            inner.tabulate(timesteps);
        }

        @Override
        public Dropout dropout() {
            return inner.dropout();
        }
    }
}
