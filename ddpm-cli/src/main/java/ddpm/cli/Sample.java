package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.console.Json;
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
import ddpm.torch.Device;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddpm sample}: draws images. All that can be wrong is refused before {@link SampleRun} draws the first. */
@Command(
        name = "sample",
        description = "Draw images from a model, the built-in one or a file's.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class Sample implements Callable<Integer> {
    /** Images of 32 x 32 that a thread draws at once: more gains no speed. */
    private static final int IMAGES_PER_THREAD = 16;

    private static final int PIXELS = 32 * 32;

    /** Images where no count is given. */
    private static final int DRAWN = 16;

    /** Images from each shared state where no count is given. */
    private static final int SHARING = 4;

    /** The solvers that {@code --sampler} names. */
    enum Method {
        ANCESTRAL,
        DDIM,
        DPM_SOLVER
    }

    @Mixin
    private ModelOption model;

    @Option(
            names = {"-n", "--count"},
            paramLabel = "N",
            converter = Values.Count.class,
            description = "How many images (default: 16; with --share-from 4).")
    private Integer count;

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = Values.Count.class,
            description = "Images held in memory at once (default: by threads and image size).")
    private Integer batch;

    @Option(
            names = "--seed",
            paramLabel = "N",
            converter = Values.Seed.class,
            description = "Seed: the same one draws the same images (default: a fresh one, which is printed).")
    private Long seed;

    @Option(
            names = "--first",
            paramLabel = "N",
            converter = Values.ImageIndex.class,
            defaultValue = "0",
            description = "Index of the first image: --first 100 --count 10 are images 100..109 of the seed.")
    private long first;

    @Option(
            names = "--steps",
            paramLabel = "N",
            converter = Values.Steps.class,
            description = "Denoising steps, at most the model's T (default: T).")
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

    @Mixin
    private EngineOptions engine;

    @Option(
            names = "--graph-steps",
            paramLabel = "K",
            description =
                    "On cuda: steps that one launch of a CUDA graph makes, none, all (the whole loop at once) or auto"
                            + " (default: auto).")
    private GraphSteps graphSteps;

    @Mixin
    private PictureOptions pictures;

    @Mixin
    private RankOptions.Which several;

    @Option(
            names = "--skip-existing",
            description =
                    "Into a folder: draw only batches of which an image is missing, to go on where a job was ended.")
    private boolean skipExisting;

    @Option(names = "--json", description = "Describe the result as one JSON object on standard output.")
    private boolean json;

    @Mixin
    private Console.Quiet quiet;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        var line = spec.commandLine();
        var ranks = several.ranks();
        engine.shareHost(ranks);
        var console = ranks.rank() == 0 ? quiet.console(line) : quiet.silent(line);
        var file = model.open(console);
        var stored = model.model(file);
        var plan = plan(file, stored.card(), ranks.size());
        var asked = pictures.of(line, plan);
        requireFolder(asked, ranks.size());
        var torch = engine.load(console);
        var device = engine.device(torch, console);
        requireGraphs(device);
        var whole = plan.in(precision.on(device, plan.card().network()));
        explain(whole, device, console);
        asked.prepare();
        var share = new SampleRun.Share(ranks.rank(), ranks.size(), skipExisting);
        var run = new SampleRun(whole, share, stored, torch, device, engine.threads(), console);
        var done = pictures.sharing() ? new ShareRun(run, asked).draw() : draw(run, asked, whole);
        if (ranks.rank() == 0) {
            line.getOut().println(json ? Json.of(done.describe()) : done.lines());
        }
        return ExitCode.DONE.status();
    }

    private static SampleRun.Done draw(SampleRun run, Pictures asked, SamplePlan whole) throws IOException {
        try (var output = asked.toOutput(whole)) {
            return run.draw(output, asked.toTrajectory(whole));
        }
    }

    private void requireFolder(Pictures asked, int ranks) {
        boolean folder = asked.output().isFolder() && asked.trajectory() == null && !pictures.sharing();
        if (skipExisting && !folder) {
            throw wrong("--skip-existing: only with an --out that is a folder, and without --trajectory");
        }
        if (ranks > 1 && !folder) {
            throw wrong(
                    "--out " + asked.output().path() + ": " + ranks + " ranks draw into a folder, which ends in /, each"
                            + " its share; without --trajectory and --share-from. --ranks off draws alone");
        }
        if (seed == null && (ranks > 1 || skipExisting)) {
            throw wrong(
                    "--seed is missing: " + (ranks > 1 ? "all " + ranks + " ranks" : "all that draw into the folder")
                            + " must draw with the same one");
        }
    }

    private void requireGraphs(Device device) {
        if (graphSteps != null && device.kind() == Device.Kind.CPU) {
            throw wrong("--graph-steps " + graphSteps + ": graphs are CUDA's, and this runs on cpu; leave it out");
        }
    }

    private void explain(SamplePlan plan, Device device, Console console) {
        if (!Main.isVerbose(spec)) {
            return;
        }
        console.note("precision " + plan.precision() + ": "
                + precision.reason(device, plan.card().network()));
        console.note("batch " + plan.batch() + ": " + reasonOfBatch(plan));
        if (device.kind() == Device.Kind.CPU) {
            console.note("threads " + engine.threads() + ": " + useOfThreads(plan));
        }
    }

    private String reasonOfBatch(SamplePlan plan) {
        if (batch != null) {
            return "as asked for";
        }
        var card = plan.card();
        return plan.batch() == plan.count()
                ? "all images at once, for up to " + automaticBatch(card, Integer.MAX_VALUE) + " fit"
                : "what " + engine.threads() + " threads take of " + card.height() + " x " + card.width()
                        + " pixels; more at once is no faster and takes memory";
    }

    private String useOfThreads(SamplePlan plan) {
        if (engine.threads() == 1) {
            return "it takes all images through whole steps";
        }
        int slices = Math.min(engine.threads(), plan.batch());
        return slices == 1
                ? "one image cannot be cut, so they share each operator"
                : "each takes a slice of " + Math.ceilDiv(plan.batch(), slices) + " images through whole steps";
    }

    private SamplePlan plan(TensorFile file, ModelCard card, int ranks) throws FileFormatException {
        int count = this.count != null ? this.count : pictures.sharing() ? SHARING : DRAWN;
        if (batch != null && pictures.sharing()) {
            throw wrong("--batch: not with --share-from, which draws a row at once");
        }
        int channels = card.network().inChannels();
        if (channels > 4) {
            throw new FileFormatException(
                    file.path(), "makes images of " + channels + " channels; pictures have 1 to 4");
        }
        int trained = card.schedule().steps();
        int chosen = steps == null ? trained : steps;
        if (chosen > trained) {
            throw wrong("--steps " + chosen + ": this model has 1.." + trained + " steps");
        }
        if (spacing != null && chosen == trained) {
            throw wrong("--spacing " + Values.name(spacing) + ": only with fewer --steps than the model's " + trained);
        }
        long most = Integer.MAX_VALUE / card.images(1).numel();
        if (most == 0) {
            throw new FileFormatException(
                    file.path(),
                    "makes images of " + card.height() + " x " + card.width() + " pixels; one may have at most "
                            + Integer.MAX_VALUE / channels);
        }
        if (batch != null && Math.min(batch, count) > most) {
            throw wrong("--batch " + batch + ": at most " + most + " images of this model are held at once");
        }
        if (first > Noise.MAX_IMAGES - count) {
            throw wrong("--first " + first + " and --count " + count + ": images have indices 0.."
                    + (Noise.MAX_IMAGES - 1));
        }
        if (eta != null && (method != Method.DDIM || !(eta >= 0 && eta <= 1))) {
            throw wrong("--eta " + eta + ": 0 to 1, and only with --sampler ddim");
        }
        if (variance != null && method != Method.ANCESTRAL) {
            throw wrong("--variance " + Values.name(variance) + ": only with --sampler ancestral");
        }
        requireLearned(spec.commandLine(), variance, card);
        int held = Math.min(
                count, batch != null ? batch : Math.min(automaticBatch(card, most), Math.ceilDiv(count, ranks)));
        var chain = new Diffusion(card.schedule());
        var spaced = spacing == null ? Spacing.EVEN : spacing;
        return new SamplePlan(
                model.name(file),
                card,
                chosen == trained ? chain : chain.respaced(Timesteps.spaced(spaced, trained, chosen)),
                spaced,
                solver(card),
                clip == null ? card.clip() : clip ? Clip.X0 : Clip.NONE,
                precision,
                seed == null ? ThreadLocalRandom.current().nextLong(1L << 32) : seed,
                first,
                count,
                classPlan(card),
                held,
                graphSteps == null ? GraphSteps.AUTO : graphSteps);
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

    private ClassPlan classPlan(ModelCard card) {
        try {
            return pictures.sharing() ? classes.planOfShared(card.classes()) : classes.plan(card.classes());
        } catch (IllegalArgumentException e) {
            throw wrong(e.getMessage());
        }
    }

    private int automaticBatch(ModelCard card, long most) {
        long perThread = (long) IMAGES_PER_THREAD * PIXELS / ((long) card.height() * card.width());
        return (int) Math.min(most, engine.threads() * Math.max(1, perThread));
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
