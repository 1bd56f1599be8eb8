package ddpm.cli;

import ddpm.diffusion.Clip;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Spacing;
import ddpm.diffusion.Timesteps;
import ddpm.diffusion.Variance;
import ddpm.io.FileFormatException;
import ddpm.io.TensorFile;
import ddpm.model.ModelCard;
import ddpm.sampling.GraphSteps;
import ddpm.sampling.Solver;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** How images are drawn from a model: the options of all commands that draw, refused where they do not suit it. */
final class DrawOptions {
    /** Images of 32 x 32 that a thread draws at once: more gains no speed. */
    private static final int IMAGES_PER_THREAD = 16;

    private static final int PIXELS = 32 * 32;

    /** The solvers that {@code --sampler} names. */
    enum Method {
        ANCESTRAL,
        DDIM,
        DPM_SOLVER
    }

    @Option(
            names = "--steps",
            paramLabel = "N",
            converter = Values.Steps.class,
            description = "Denoising steps, at most the model's T (default: T; of inpaint, 250).")
    private Integer steps;

    @Option(
            names = "--spacing",
            paramLabel = "HOW",
            description = "Choice of fewer steps than T: even, leading, trailing, linspace (all as in diffusers) or"
                    + " quadratic (DDIM's, most of them near the image) (default: even).")
    private Spacing spacing;

    @Option(
            names = "--sampler",
            paramLabel = "METHOD",
            defaultValue = "ancestral",
            description = "ancestral (the paper's), ddim or dpm-solver, which needs 15 to 50 steps"
                    + " (default: ${DEFAULT-VALUE}).")
    private Method method;

    @Option(
            names = "--eta",
            paramLabel = "X",
            description =
                    "With ddim: 0, deterministic given the first noise, to 1, as noisy as ancestral (default: 0).")
    private Double eta;

    @Option(
            names = "--variance",
            paramLabel = "KIND",
            description = "fixed-small, fixed-large, or learned-range if the model learned one (default: what suits the"
                    + " model).")
    private Variance variance;

    @Option(
            names = "--clip",
            negatable = true,
            description = "Keep estimates of x0 in [-1, 1] at each step, or not (default: what suits the model).")
    private Boolean clip;

    @Option(names = "--precision", paramLabel = "P", defaultValue = "auto", description = Precision.HELP)
    private Precision precision;

    @Mixin
    private ClassOptions classes;

    /**
     * The images that are asked for.
     *
     * @param first index of the first
     * @param batch how many at once; null to choose
     * @param sharing whether they share latents or known pixels
     * @param share how many of them one process draws
     * @param threads that draw
     * @param usualSteps where {@code --steps} says nothing, if the model has as many
     */
    record Asked(
            long seed, long first, int count, Integer batch, boolean sharing, int share, int threads, int usualSteps) {
        /** With all steps of the model where {@code --steps} says nothing. */
        Asked(long seed, long first, int count, Integer batch, boolean sharing, int share, int threads) {
            this(seed, first, count, batch, sharing, share, threads, Integer.MAX_VALUE);
        }
    }

    Precision precision() {
        return precision;
    }

    /**
     * The plan of these images.
     *
     * @param name the model's
     * @param graphSteps null to choose
     */
    SamplePlan plan(CommandLine line, String name, TensorFile file, ModelCard card, Asked asked, GraphSteps graphSteps)
            throws FileFormatException {
        int count = asked.count();
        Integer batch = asked.batch();
        long first = asked.first();
        int channels = card.network().inChannels();
        if (channels > 4) {
            throw new FileFormatException(
                    file.path(), "makes images of " + channels + " channels; pictures have 1 to 4");
        }
        int trained = card.schedule().steps();
        int chosen = steps == null ? Math.min(trained, asked.usualSteps()) : steps;
        if (chosen > trained) {
            throw wrong(line, "--steps " + chosen + ": this model has 1.." + trained + " steps");
        }
        if (spacing != null && chosen == trained) {
            throw wrong(
                    line,
                    "--spacing " + Values.name(spacing) + ": only with fewer --steps than the model's " + trained);
        }
        long most = Integer.MAX_VALUE / card.images(1).numel();
        if (most == 0) {
            throw new FileFormatException(
                    file.path(),
                    "makes images of " + card.height() + " x " + card.width() + " pixels; one may have at most "
                            + Integer.MAX_VALUE / channels);
        }
        if (batch != null && Math.min(batch, count) > most) {
            throw wrong(line, "--batch " + batch + ": at most " + most + " images of this model are held at once");
        }
        if (first > Noise.MAX_IMAGES - count) {
            throw wrong(
                    line,
                    "--first " + first + " and --count " + count + ": images have indices 0.."
                            + (Noise.MAX_IMAGES - 1));
        }
        if (eta != null && (method != Method.DDIM || !(eta >= 0 && eta <= 1))) {
            throw wrong(line, "--eta " + eta + ": 0 to 1, and only with --sampler ddim");
        }
        if (variance != null && method != Method.ANCESTRAL) {
            throw wrong(line, "--variance " + Values.name(variance) + ": only with --sampler ancestral");
        }
        requireLearned(line, variance, card);
        int held = Math.min(
                count, batch != null ? batch : Math.min(automaticBatch(card, asked.threads(), most), asked.share()));
        var chain = new Diffusion(card.schedule());
        var spaced = spacing == null ? Spacing.EVEN : spacing;
        return new SamplePlan(
                name,
                card,
                chosen == trained ? chain : chain.respaced(Timesteps.spaced(spaced, trained, chosen)),
                spaced,
                solver(card),
                clip == null ? card.clip() : clip ? Clip.X0 : Clip.NONE,
                precision,
                asked.seed(),
                first,
                count,
                classPlan(line, card, asked.sharing()),
                held,
                graphSteps == null ? GraphSteps.AUTO : graphSteps,
                Optional.empty());
    }

    private Solver solver(ModelCard card) {
        return switch (method) {
            case ANCESTRAL -> new Solver.Ancestral(variance == null ? card.variance() : variance);
            case DDIM -> new Solver.Ddim(eta == null ? 0 : eta);
            case DPM_SOLVER -> new Solver.DpmSolver();
        };
    }

    /** Only a model that learned a variance has one. */
    static void requireLearned(CommandLine line, Variance asked, ModelCard card) {
        if (asked != null && asked.isLearned() && !card.variance().isLearned()) {
            throw new ParameterException(
                    line,
                    "--variance " + Values.name(asked)
                            + ": this model learned none; fixed-small and fixed-large are for" + " every model");
        }
    }

    private ClassPlan classPlan(CommandLine line, ModelCard card, boolean sharing) {
        return Errors.checked(
                line, () -> sharing ? classes.planOfShared(card.classes()) : classes.plan(card.classes()));
    }

    /** Images drawn at once where nothing is asked for, at most {@code most}. */
    static int automaticBatch(ModelCard card, int threads, long most) {
        long perThread = (long) IMAGES_PER_THREAD * PIXELS / ((long) card.height() * card.width());
        return (int) Math.min(most, threads * Math.max(1, perThread));
    }

    private static ParameterException wrong(CommandLine line, String message) {
        return new ParameterException(line, message);
    }
}
