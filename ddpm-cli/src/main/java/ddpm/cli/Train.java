package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.result.TrainProgress;
import ddpm.data.Crop;
import ddpm.data.ImageSet;
import ddpm.data.Split;
import ddpm.eval.quality.FeatureExtractor;
import ddpm.eval.quality.FidMeter;
import ddpm.model.ModelCard;
import ddpm.torch.Device;
import ddpm.torch.MemoryLimit;
import ddpm.torch.TorchException;
import ddpm.torch.collective.Group;
import ddpm.train.DivergedException;
import ddpm.train.MemoryPlan;
import ddpm.train.Recipe;
import ddpm.train.RunFolder;
import ddpm.train.RunPlan;
import ddpm.train.TrainConfig;
import ddpm.train.TrainingRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddpm train}: begins a run in a folder, or goes on with the one that is there. */
@Command(
        name = "train",
        description = "Train a model. Run again, the command resumes the run in its folder.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Main.Version.class)
final class Train implements Callable<Integer> {
    /** Of a memory limit; the rest is for Java's heap to grow and for what nobody counts. */
    private static final int USABLE_PERCENT = 85;

    /** Images that a thread measures at once. */
    private static final int FEATURES_BATCH = 16;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DATA",
            description = "Images to learn from: " + DataSpec.FORMS + " (default: :train).")
    private DataSpec data;

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "RUN",
            description = "The run's folder: checkpoints, metrics, samples, report.html, model.safetensors.")
    private Path out;

    @Option(
            names = "--preset",
            paramLabel = "NAME",
            defaultValue = "mini",
            description = "Network and recipe to depart from: mini, notebook or paper (default: ${DEFAULT-VALUE}).")
    private Preset preset;

    @Mixin
    private TrainOptions training;

    @Mixin
    private NetworkOptions model;

    @Option(
            names = "--init-from",
            paramLabel = "FILE",
            description = "Begin with the weights of this model file; the optimizer starts afresh.")
    private Path initFrom;

    @Option(
            names = "--resume",
            negatable = true,
            description = "Insist that a run is there to go on with, or that none is (default: whichever is the case).")
    private Boolean resume;

    @Option(
            names = "--validate",
            paramLabel = "DATA",
            description = "Images to measure the error on now and then (default part: :test).")
    private DataSpec validate;

    @Option(
            names = "--crop",
            paramLabel = "PART",
            defaultValue = "centre",
            description =
                    "Part of a picture that is wider or higher than --size asks for: centre, or random, another part"
                            + " each time (default: ${DEFAULT-VALUE}).")
    private Crop crop;

    @Option(names = "--skip-bad-files", description = "Leave out pictures that cannot be read, and name them.")
    private boolean skipBadFiles;

    @Mixin
    private RunOptions run;

    @Mixin
    private FeatureOptions features;

    @Mixin
    private EngineOptions engine;

    @Mixin
    private RankOptions several;

    @Mixin
    private Console.Quiet quiet;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        var ranks = several.ranks();
        engine.shareHost(ranks);
        var console = ranks.rank() == 0 ? quiet.console(spec.commandLine()) : quiet.silent(spec.commandLine());
        try (var group = several.join(ranks, engine, console)) {
            train(group, console);
        }
        return ExitCode.DONE.status();
    }

    private void train(Group group, Console console) throws IOException {
        if (group.leads()) {
            requireExpected();
        }
        boolean measures = run.measuresFid(spec.commandLine());
        if (measures) {
            features.check(spec.commandLine());
        } else {
            features.requireNone(spec.commandLine(), "--fid-every");
        }
        var plan = checked(
                () -> run.plan(spec.root().commandLine().getParseResult().originalArgs()));
        var shape = checked(() -> model.shape(data));
        var plain = checked(() -> model.card(preset, shape));
        var images = data.open(shape, Split.TRAIN, crop, skipBadFiles, console);
        Optional<ImageSet> validation = validate == null
                ? Optional.empty()
                : Optional.of(validate.open(shape, Split.TEST, Crop.CENTRE, skipBadFiles, console));
        var config = checked(() -> training.config(preset, images.size(), engine.threads()));
        var card = checked(() -> training.card(plain, images, data));
        requireBatch(config, images, group.size());
        var recipe = checked(() -> new Recipe(
                card, images, config, validation, Optional.ofNullable(initFrom), Device.CPU, Optional.empty()));
        var torch = engine.load(console);
        var device = engine.device(torch, console);
        console.note("training on " + images.describe());
        console.note(config.steps() + " steps of " + Values.images(config.batch()) + " on "
                + (group.size() > 1 ? group.size() + " x " : "") + device
                + (device.kind() == Device.Kind.CPU ? ", " + config.threads() + " threads" : "") + ", libtorch "
                + torch.version());
        var fitting = withinMemory(recipe.withDevice(device), group.size(), console);
        if (measures && group.leads()) {
            trainMeasured(fitting, images, plan, group, console);
        } else {
            train(fitting, plan, group, console);
        }
        if (group.leads()) {
            spec.commandLine().getOut().println(new RunFolder(out).model());
        }
    }

    /** Trains and measures samples on the way, which rank 0 does alone. */
    private void trainMeasured(Recipe recipe, ImageSet images, RunPlan plan, Group group, Console console)
            throws IOException {
        try (var network = features.load()) {
            var extractor = new FeatureExtractor(network, FEATURES_BATCH, engine.threads());
            try (var meter = checked(() -> new FidMeter(extractor, images, Values.name(features.kind())))) {
                train(recipe, plan.withFid(run.fid(meter)), group, console);
            }
        }
    }

    /** The recipe in as many parts as a memory limit asks for: beyond it the system would end the run without a word. */
    private Recipe withinMemory(Recipe recipe, int ranks, Console console) throws IOException {
        var limit = MemoryLimit.bytes();
        if (limit.isEmpty() || recipe.device().kind() != Device.Kind.CPU) {
            return recipe;
        }
        long most = limit.getAsLong() / 100 * USABLE_PERCENT;
        var config = recipe.config().withBatch(Math.ceilDiv(recipe.config().batch(), ranks)); // a rank's share
        var plan = MemoryPlan.measure(recipe.withConfig(config), most);
        int parts = plan.parts(config, most);
        if (parts == config.accumulate()) {
            return recipe;
        }
        var need = "batches of " + config.batch() + " images need about "
                + plan.bytes(config, config.accumulate()) / 1_000_000 + " MB, and this process may take "
                + limit.getAsLong() / 1_000_000 + " MB";
        if (parts == 0) {
            throw ExitCode.FAILED.because(
                    need + (plan.perImage() == 0 ? "" : ", and one image per thread is too much as well")
                            + "; use --threads 1, a smaller network, or a higher limit",
                    null);
        }
        if (training.choosesParts()) {
            throw ExitCode.FAILED.because(need + "; use --accumulate " + parts, null);
        }
        console.note(need + ": taking each thread's share in " + parts + " parts, as --accumulate " + parts + " does");
        return recipe.withConfig(recipe.config().withAccumulate(parts));
    }

    private void train(Recipe recipe, RunPlan plan, Group group, Console console) throws IOException {
        warnOfSignal(recipe.card(), console);
        var progress = new TrainProgress(console, Main.isVerbose(spec));
        try (var opened = TrainingRun.open(out, recipe, plan, progress, group)) {
            if (opened.run() == TrainingRun.Outcome.STOPPED) {
                progress.end();
                throw ExitCode.INTERRUPTED.because(
                        "interrupted; step " + opened.trainer().step() + " of "
                                + recipe.config().steps() + " is saved, and the same command goes on from there",
                        null);
            }
        } catch (DivergedException e) {
            throw ExitCode.FAILED.because(e.getMessage(), e);
        } catch (TorchException e) {
            throw SampleRun.meansNoMemory(e) ? tooLarge(recipe.config(), e) : e;
        } catch (OutOfMemoryError e) {
            throw tooLarge(recipe.config(), e);
        } finally {
            progress.end();
        }
    }

    private static ExitCode.Failure tooLarge(TrainConfig config, Throwable cause) {
        return ExitCode.FAILED.because(
                "out of memory with batches of " + config.batch() + " images in " + config.accumulate()
                        + " part(s) on " + config.threads() + " threads; try --accumulate " + 2 * config.accumulate()
                        + ", which needs half as much and trains the same",
                cause);
    }

    private static void warnOfSignal(ModelCard card, Console console) {
        double signal = card.schedule().terminalSignal();
        if (signal > 0.05) {
            console.note(String.format(
                    Locale.ROOT,
                    "warning: %.0f%% of the image is still in x_T of %s, and sampling will start from pure noise; use more"
                            + " steps or a larger end",
                    100 * signal,
                    card.schedule()));
        }
    }

    private void requireExpected() throws IOException {
        boolean there = new RunFolder(out).hasCheckpoints();
        if (resume != null && resume != there) {
            throw new ParameterException(
                    spec.commandLine(),
                    there
                            ? "--no-resume: " + out + " holds a run already; name another folder, or move it away"
                            : "--resume: " + out + " holds no run with a checkpoint; leave out --resume to begin one");
        }
    }

    private void requireBatch(TrainConfig config, ImageSet images, int ranks) {
        if (config.batch() < ranks) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--batch " + config.batch() + ": there are " + ranks
                            + " ranks, and each needs at least one image; use a larger batch or fewer ranks");
        }
        if (config.batch() > images.size()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--batch " + config.batch() + ": there are only " + images.size()
                            + " images; use a smaller batch or more images");
        }
    }

    /** A value whose own checks refuse it as wrong usage. */
    private <T> T checked(Errors.Made<T, IOException> made) throws IOException {
        return Errors.checked(spec.commandLine(), made);
    }
}
