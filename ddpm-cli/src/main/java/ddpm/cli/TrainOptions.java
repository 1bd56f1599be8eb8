package ddpm.cli;

import ddpm.diffusion.Objective;
import ddpm.torch.DType;
import ddpm.train.Ema;
import ddpm.train.LearningRate;
import ddpm.train.TrainConfig;
import picocli.CommandLine.Option;

/** How a model is trained, where that is not as the preset has it. */
final class TrainOptions {
    @Option(names = "--steps", paramLabel = "N", converter = WholeNumber.Count.class, description = "Steps of the run.")
    private Integer steps;

    @Option(
            names = "--epochs",
            paramLabel = "E",
            description = "Instead of --steps: how often the images are gone through.")
    private Double epochs;

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = WholeNumber.Count.class,
            description = "Images per step (default: the preset's).")
    private Integer batch;

    @Option(
            names = "--accumulate",
            paramLabel = "N",
            converter = WholeNumber.Count.class,
            description = "Take each thread's share of a batch in N parts, which need 1/N of the memory (default: 1).")
    private Integer accumulate;

    @Option(names = "--lr", paramLabel = "R", description = "Learning rate (default: the preset's).")
    private Double rate;

    @Option(names = "--warmup", paramLabel = "N", description = "Steps over which it rises from 0; 0 for none.")
    private Long warmup;

    @Option(names = "--ema", paramLabel = "D", description = "Decay of the averaged weights, 0 to below 1.")
    private Double ema;

    @Option(
            names = "--precision",
            paramLabel = "P",
            converter = PrecisionName.class,
            description = "fp32, or bf16 with float32 weights (default: fp32).")
    private DType precision;

    @Option(
            names = "--seed",
            paramLabel = "N",
            converter = WholeNumber.Seed.class,
            defaultValue = "0",
            description = "Of all random draws (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--flips", negatable = true, description = "Mirror half of the images, or none.")
    private Boolean flips;

    @Option(
            names = "--loss",
            paramLabel = "L",
            converter = ObjectiveName.class,
            description = "simple (the paper's), vlb (the variational bound), hybrid (both, for a learned variance) or"
                    + " min-snr (default: simple).")
    private Objective objective;

    /** simple, min-snr, vlb, hybrid. */
    static final class ObjectiveName extends EnumName<Objective> {
        ObjectiveName() {
            super(Objective.class);
        }
    }

    /**
     * @param images in the set
     * @throws IllegalArgumentException if the options contradict each other or are out of range
     */
    TrainConfig config(Preset preset, int images, int threads) {
        if ((steps == null) == (epochs == null)) {
            throw new IllegalArgumentException("say how long to train: either --steps N or --epochs E");
        }
        var config = preset.training(seed).withThreads(threads);
        if (batch != null) {
            config = config.withBatch(batch);
        }
        if (accumulate != null) {
            config = config.withAccumulate(accumulate);
        }
        if (rate != null || warmup != null) {
            config = config.withLearningRate(learningRate(config.learningRate()));
        }
        if (ema != null) {
            config = config.withEma(new Ema(ema, config.ema().ramp()));
        }
        if (flips != null) {
            config = config.withFlips(flips);
        }
        if (precision != null) {
            config = config.withPrecision(precision);
        }
        if (objective != null) {
            config = config.withObjective(objective);
        }
        return config.withSteps(steps != null ? steps : steps(images, config.batch()));
    }

    private long steps(int images, int batch) {
        if (!(epochs > 0) || epochs * images / batch > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "--epochs " + epochs + ": more than 0, and at most " + Integer.MAX_VALUE + " steps in all");
        }
        return (long) Math.ceil(epochs * images / batch);
    }

    private LearningRate learningRate(LearningRate presets) {
        double top = rate != null
                ? rate
                : switch (presets) {
                    case LearningRate.Constant constant -> constant.rate();
                    case LearningRate.Warmup rising -> rising.rate();
                    case LearningRate.Cosine cosine -> cosine.rate();
                };
        long over = warmup != null ? warmup : presets instanceof LearningRate.Warmup rising ? rising.steps() : 0;
        return over == 0 ? new LearningRate.Constant(top) : new LearningRate.Warmup(top, over);
    }
}
