package ddpm.cli;

import ddpm.nn.NetworkConfig;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;
import ddpm.train.Ema;
import ddpm.train.LearningRate;
import ddpm.train.TrainConfig;

/** A network with a way to train it, from which options depart. */
enum Preset {
    /** The notebook's UNetMini, AdamW at 2e-4, batches of 128, EMA 0.999. */
    NOTEBOOK,
    /** The paper's CIFAR-10 model and recipe: Adam at 2e-4 after 5000 steps of warm-up, batches of 128, EMA 0.9999, flips. */
    PAPER,
    /** The paper's network at 1.1 million parameters: Adam at 4e-4 after 250 steps of warm-up, batches of 64, EMA 0.999. */
    MINI;

    NetworkConfig network(int channels) {
        return switch (this) {
            case NOTEBOOK -> UNetMini.Config.ofChannels(channels);
            case PAPER -> UNetConfig.cifar10(channels);
            case MINI -> UNetConfig.mini(channels);
        };
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
                        .withFlips(false)
                        .withThreads(1);
        };
    }
}
