package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.console.Progress;
import ddpm.data.Crop;
import ddpm.data.ImageSet;
import ddpm.data.ImageShape;
import ddpm.data.Split;
import ddpm.diffusion.Denoiser;
import ddpm.eval.BitsPerDim;
import ddpm.eval.BitsPerDimMeter;
import ddpm.eval.EpsilonMeter;
import ddpm.eval.Estimate;
import ddpm.eval.VariationalBound;
import ddpm.io.FileFormatException;
import ddpm.io.TensorFile;
import ddpm.model.Model;
import ddpm.model.ModelCard;
import ddpm.model.StoredModel;
import ddpm.torch.Device;
import ddpm.torch.collective.Group;
import ddpm.torch.collective.Ranks;
import ddpm.train.Agreement;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.zip.CRC32C;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The model that is measured, the images and what computes: the options that all measuring commands share. */
final class Measured {
    @Mixin
    private ModelOption model;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DATA",
            description = "Images: " + DataSpec.FORMS + " (default: :test).")
    private DataSpec data;

    @Option(
            names = "--seed",
            paramLabel = "N",
            converter = Values.Seed.class,
            defaultValue = "0",
            description = "Seed of the noise; compare models at equal seed (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--skip-bad-files", description = "Leave out pictures that cannot be read, and name them.")
    private boolean skipBadFiles;

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = Values.Count.class,
            defaultValue = "16",
            description = "Images each thread takes at once (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--precision", paramLabel = "P", defaultValue = "fp32", description = Precision.HELP)
    private Precision precision;

    @Mixin
    private EngineOptions engine;

    @Mixin
    private RankOptions several;

    private Ranks ranks = Ranks.ALONE;
    private Group group = Group.ALONE;

    /**
     * A model and images, found and checked, with nothing computed yet.
     *
     * @param count images 0..count-1 are measured
     * @param labels their classes for a class-conditional model; empty for another, or if they have none
     */
    record Subject(TensorFile file, StoredModel stored, ImageSet images, int count, int[] labels) {
        ModelCard card() {
            return stored.card();
        }

        /** The opened model, conditioned on the images' classes. */
        Denoiser conditioned(Model model) {
            return model.conditioned(labels);
        }
    }

    /**
     * Opens the model and the images.
     *
     * @param count how many will be measured, or null for the first {@code enough}, if there are so many
     */
    Subject open(CommandLine line, Integer count, int enough, Console console) throws IOException {
        var file = model.open(console);
        var stored = model.model(file);
        var images = data.open(shape(file, stored.card()), Split.TEST, Crop.CENTRE, skipBadFiles, console);
        if (count != null && count > images.size()) {
            throw new ParameterException(
                    line,
                    "--count " + count + ": there are 1.." + images.size() + " images (" + images.describe() + ")");
        }
        var classes = stored.card().classes();
        boolean unlabelled = classes.nullClass() && !images.hasLabels();
        if (unlabelled) {
            console.note("the images have no labels: the model is conditioned on its null class");
        }
        var labels = unlabelled ? new int[0] : classes.labelsOf(images);
        return new Subject(file, stored, images, count == null ? Math.min(enough, images.size()) : count, labels);
    }

    /** The shape of pictures that a model can be given and whose noise it predicts. */
    static ImageShape shape(TensorFile file, ModelCard card) throws FileFormatException {
        int channels = card.network().inChannels();
        if (channels != 1 && channels != 3) {
            throw new FileFormatException(
                    file.path(), "is for images of " + channels + " channels; pictures are read as 1 or 3");
        }
        return new ImageShape(channels, card.height(), card.width());
    }

    /** Finds out which of several ranks this is, and returns where it speaks: rank 0 alone does. */
    Console console(CommandLine line, Console.Quiet quiet) {
        ranks = several.ranks();
        engine.shareHost(ranks);
        return speaks() ? quiet.console(line) : quiet.silent(line);
    }

    /** Whether this rank prints and writes what all have measured. */
    boolean speaks() {
        return ranks.rank() == 0;
    }

    /**
     * Joins the other ranks, which are about to measure the same; the caller closes the group.
     *
     * @throws ddpm.train.RunMismatchException if one is about to measure something else
     */
    Group join(Subject subject, Console console) throws IOException {
        group = several.join(ranks, engine, console);
        try {
            Agreement.requireEqual(
                    group,
                    Map.of(
                            "model (checksum)",
                            checksum(subject.file()),
                            "data (fingerprint)",
                            subject.images().fingerprint(),
                            "--count",
                            subject.count(),
                            "--seed",
                            seed,
                            "--batch",
                            batch,
                            "--precision",
                            precision));
            return group;
        } catch (IOException | RuntimeException e) {
            group.close();
            throw e;
        }
    }

    private static long checksum(TensorFile file) {
        var sum = new CRC32C();
        file.tensors().forEach((name, tensor) -> {
            sum.update(name.getBytes(StandardCharsets.UTF_8));
            sum.update(tensor.data().duplicate());
        });
        return sum.getValue();
    }

    /** Loads libtorch and returns the device to compute on. */
    Device load(Console console) {
        return engine.device(engine.load(console), console);
    }

    /** The model made ready to predict; both are closed by the caller, this one first. */
    Model prepared(Model model) {
        return model.prepared(
                precision.on(model.device(), model.card().network()).type());
    }

    /** Measures the bits per dimension of the subject, with progress step by step. */
    BitsPerDim bitsPerDim(Model model, VariationalBound bound, Subject subject, Console console) {
        int count = subject.count();
        int steps = bound.diffusion().steps();
        console.note(count + " of " + subject.images().describe() + ", " + steps + " steps each");
        var progress = new Progress(console, "steps", (long) count * steps, System::nanoTime);
        try {
            var bits = meter(model.device(), (done, _) -> progress.at(done))
                    .measure(subject.conditioned(model), bound, subject.images(), count);
            requireFinite(model, subject, bits.terms().stream().mapToDouble(Estimate::mean));
            return bits;
        } finally {
            progress.end();
        }
    }

    /** Requires figures that are numbers: no other is ever printed. */
    static void requireFinite(Model model, Subject subject, DoubleStream figures) {
        if (!figures.allMatch(Double::isFinite)) {
            throw ExitCode.FAILED.because(
                    subject.file().path() + ": cannot be measured, for its predictions are not finite: "
                            + model.whyNotFinite(),
                    null);
        }
    }

    /** A meter of bits per dimension as these options say. */
    BitsPerDimMeter meter(Device device, BitsPerDimMeter.Progress progress) {
        return new BitsPerDimMeter(batch, engine.threads(), device, seed, progress, group);
    }

    /** The meter of epsilon's error as these options say. */
    EpsilonMeter epsilonMeter(Device device, EpsilonMeter.Progress progress) {
        return new EpsilonMeter(batch, engine.threads(), device, seed, progress, group);
    }

    /** The subject and the choices, for {@code --json}. */
    Map<String, Object> describe(Subject subject, Device device) {
        var described = new LinkedHashMap<String, Object>();
        described.put("model", subject.file().path().toString());
        described.put("data", data.path().toString());
        described.put("seed", seed);
        described.put(
                "precision", precision.on(device, subject.card().network()).toString());
        return described;
    }
}
