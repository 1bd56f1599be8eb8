package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.console.Json;
import ddpm.io.FileFormatException;
import ddpm.io.TensorFile;
import ddpm.model.ModelCard;
import ddpm.sampling.GraphSteps;
import ddpm.torch.Device;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
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
    /** Images where no count is given. */
    private static final int DRAWN = 16;

    /** Images from each shared state where no count is given. */
    private static final int SHARING = 4;

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

    @Mixin
    private DrawOptions drawing;

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
        var whole = plan.in(drawing.precision().on(device, plan.card().network()));
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
                + drawing.precision().reason(device, plan.card().network()));
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
                ? "all images at once, for up to "
                        + DrawOptions.automaticBatch(card, engine.threads(), Integer.MAX_VALUE) + " fit"
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
        if (batch != null && pictures.sharing()) {
            throw wrong("--batch: not with --share-from, which draws a row at once");
        }
        int count = this.count != null ? this.count : pictures.sharing() ? SHARING : DRAWN;
        long seed = this.seed == null ? ThreadLocalRandom.current().nextLong(1L << 32) : this.seed;
        var asked = new DrawOptions.Asked(
                seed, first, count, batch, pictures.sharing(), Math.ceilDiv(count, ranks), engine.threads());
        return drawing.plan(spec.commandLine(), model.name(file), file, card, asked, graphSteps);
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
