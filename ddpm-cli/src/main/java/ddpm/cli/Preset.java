package ddpm.cli;

import ddpm.nn.NetworkConfig;
import ddpm.nn.Patched;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;
import ddpm.train.Ema;
import ddpm.train.LearningRate;
import ddpm.train.TrainConfig;

/** A network with a way to train it, from which options depart. */
enum Preset {
    /** The notebook's UNetMini, AdamW at 2e-4, batches of 128, EMA 0.999. */
    NOTEBOOK(Net.UNETMINI),
    /** The paper's CIFAR-10 model and recipe: Adam at 2e-4 after 5000 steps of warm-up, batches of 128, EMA 0.9999, flips. */
    PAPER(Net.CIFAR10),
    /** The paper's network at 1.1 million parameters: Adam at 4e-4 after 250 steps of warm-up, batches of 64, EMA 0.999. */
    MINI(Net.MINI);

    private final Net net;

    Preset(Net net) {
        this.net = net;
    }

    /** A network that has a name. */
    enum Net {
        /** The paper's UNet at 1.1 million parameters. */
        MINI,
        /** The former's inner levels over patches of 2x2 pixels, 0.97 million parameters. */
        PATCHED,
        /** The notebook's network. */
        UNETMINI,
        /** The paper's UNet for CIFAR-10, 35.7 million parameters. */
        CIFAR10,
        /** The paper's UNet for 256x256 images, 113.7 million parameters. */
        IMAGE256;

        NetworkConfig network(int channels) {
            return switch (this) {
                case MINI -> UNetConfig.mini(channels);
                case PATCHED -> Patched.mini(channels);
                case UNETMINI -> UNetMini.Config.ofChannels(channels);
                case CIFAR10 -> UNetConfig.cifar10(channels);
                case IMAGE256 -> UNetConfig.image256(channels);
            };
        }
    }

    NetworkConfig network(int channels) {
        return net.network(channels);
    }

    TrainConfig training(long seed) {
        return switch (this) {
            case NOTEBOOK -> TrainConfig.notebook(seed, 1);
            case PAPER -> TrainConfig.paper(seed, 1);
            case MINI ->
                TrainConfig.paper(seed, 1)
                        .withBatch(64)
                        .withLearningRate(new LearningRate.Warmup(4e-4, 250))
                        .withEma(new Ema(0.999, true)) // ramped, so that short runs do not keep their initial noise
                        .withFlips(false);
        };
    }
}
