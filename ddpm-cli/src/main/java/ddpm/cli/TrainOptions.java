package ddpm.cli;

import ddpm.data.ImageSet;
import ddpm.diffusion.Objective;
import ddpm.model.Classes;
import ddpm.model.ModelCard;
import ddpm.train.Ema;
import ddpm.train.LearningRate;
import ddpm.train.Optimizer;
import ddpm.train.TrainConfig;
import java.io.IOException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The ways in which training departs from the preset. */
final class TrainOptions {
    @Option(names = "--steps", paramLabel = "N", converter = Values.Count.class, description = "Steps of the run.")
    private Integer steps;

    @Option(names = "--epochs", paramLabel = "E", description = "Passes over the images, instead of --steps.")
    private Double epochs;

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = Values.Count.class,
            description = "Images per step (default: the preset's).")
    private Integer batch;

    @Option(
            names = "--accumulate",
            paramLabel = "N",
            converter = Values.Count.class,
            description =
                    "Take each thread's share of a batch in N parts, one after another, for 1/N of the memory (default: 1).")
    private Integer accumulate;

    @Option(names = "--lr", paramLabel = "R", description = "Learning rate (default: the preset's).")
    private Double rate;

    @Option(names = "--warmup", paramLabel = "N", description = "Steps over which the rate rises from 0; 0 for none.")
    private Long warmup;

    @Option(
            names = "--lr-schedule",
            paramLabel = "S",
            description =
                    "Learning rate after the warm-up: constant, or falling to 0 at the run's last step by cosine or"
                            + " linear; then --steps is part of the run (default: constant).")
    private RateSchedule schedule = RateSchedule.CONSTANT;

    @Option(
            names = "--betas",
            paramLabel = "B1,B2",
            converter = Betas.Converter.class,
            description = "Adam's decay of the averages of gradients and of their squares, 0 to below 1"
                    + " (default: 0.9,0.999).")
    private Betas betas;

    @Option(
            names = "--weight-decay",
            paramLabel = "W",
            description =
                    "Weight decay, 0 for none: AdamW's with the preset notebook, else added to the gradient as Adam"
                            + " does (default: the preset's).")
    private Double weightDecay;

    @Option(
            names = "--clip-gradient",
            paramLabel = "N",
            description = "Largest norm of the whole gradient; larger ones are scaled down to it (default: 1).")
    private Double clipNorm;

    @Option(names = "--ema", paramLabel = "D", description = "Decay of the average of the weights, 0 to below 1.")
    private Double ema;

    @Option(
            names = "--precision",
            paramLabel = "P",
            description = "Numbers that the network computes in: fp32, or bf16 with float32 weights (default: fp32).")
    private Precision precision;

    @Option(
            names = "--seed",
            paramLabel = "N",
            converter = Values.Seed.class,
            defaultValue = "0",
            description = "Seed of all random draws (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--flips", negatable = true, description = "Mirror half of the images, or none.")
    private Boolean flips;

    @Option(
            names = "--loss",
            paramLabel = "L",
            description = "simple (the paper's), vlb (the variational bound), hybrid (both, for a learned variance) or"
                    + " min-snr (default: simple).")
    private Objective objective;

    @Option(
            names = "--classes",
            paramLabel = "auto|N",
            converter = ClassCount.class,
            description =
                    "Train a class-conditional model, so that sample --class can ask for a class: MNIST's and CIFAR-10's"
                            + " labels, or the sub-folders of a folder of pictures. N insists on that many.")
    private Integer classes;

    @Option(
            names = "--drop-class",
            paramLabel = "P",
            description = "With --classes: share of the images that are learned without their class, which sample"
                    + " --guidance needs; 0 for none (default: 0.1).")
    private Double drop;

    /** The course of the learning rate after its warm-up. */
    enum RateSchedule {
        CONSTANT,
        COSINE,
        LINEAR
    }

    /** Adam's beta1 and beta2. */
    record Betas(double first, double second) {
        static final class Converter implements ITypeConverter<Betas> {
            @Override
            public Betas convert(String text) {
                var parts = text.split(",", -1);
                try {
                    if (parts.length == 2) {
                        return new Betas(Double.parseDouble(parts[0]), Double.parseDouble(parts[1]));
                    }
                } catch (NumberFormatException e) {
                    // said below
                }
                throw new TypeConversionException("'" + text + "' is not two numbers such as 0.9,0.999");
            }
        }
    }

    /** {@code auto} is 0. */
    static final class ClassCount implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            try {
                return text.equals("auto") ? 0 : new Values.Count().convert(text);
            } catch (TypeConversionException e) {
                throw new TypeConversionException(e.getMessage() + ", nor auto");
            }
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
        config = config.withSteps(steps != null ? steps : steps(images, config.batch()));
        config = config.withLearningRate(learningRate(config)).withOptimizer(optimizer(config.optimizer()));
        if (clipNorm != null) {
            config = config.withClipNorm(clipNorm);
        }
        if (ema != null) {
            config = config.withEma(new Ema(ema, config.ema().ramp()));
        }
        if (flips != null) {
            config = config.withFlips(flips);
        }
        if (precision != null) {
            config = config.withPrecision(precision.type());
        }
        if (objective != null) {
            config = config.withObjective(objective);
        }
        if (drop != null) {
            config = config.withDropClass(drop);
        }
        return config;
    }

    /** Whether {@code --accumulate} is given. */
    boolean choosesParts() {
        return accumulate != null;
    }

    private long steps(int images, int batch) {
        if (!(epochs > 0) || epochs * images / batch > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "--epochs " + epochs + ": more than 0, and at most " + Integer.MAX_VALUE + " steps in all");
        }
        return (long) Math.ceil(epochs * images / batch);
    }

    private LearningRate learningRate(TrainConfig config) {
        double top = rate != null ? rate : config.learningRate().rate();
        long over = warmup != null ? warmup : config.learningRate().warmup();
        return switch (schedule) {
            case COSINE -> new LearningRate.Cosine(top, over, config.steps());
            case LINEAR -> new LearningRate.Linear(top, over, config.steps());
            case CONSTANT -> over == 0 ? new LearningRate.Constant(top) : new LearningRate.Warmup(top, over);
        };
    }

    private Optimizer optimizer(Optimizer presets) {
        var optimizer = betas == null ? presets : presets.withBetas(betas.first(), betas.second());
        return weightDecay == null ? optimizer : optimizer.withWeightDecay(weightDecay);
    }

    /**
     * Makes the model class-conditional if that is asked for.
     *
     * @param data the option that named the images
     * @throws IllegalArgumentException if they have another number of classes, or the network takes none
     * @throws IOException if the images have no classes
     */
    ModelCard card(ModelCard plain, ImageSet images, DataSpec data) throws IOException {
        if (classes == null) {
            if (drop != null) {
                throw new IllegalArgumentException("--drop-class " + drop + ": only with --classes");
            }
            return plain;
        }
        var found = new Classes(images.labels().classes(), drop == null || drop > 0);
        if (classes != 0 && classes != found.count()) {
            throw new IllegalArgumentException("--classes " + classes + ": the images of " + data.path() + " have "
                    + new Classes(found.names(), false) + "; use --classes auto");
        }
        return plain.withClasses(found);
    }
}
