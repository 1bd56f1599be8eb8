package ddpm.cli;

import ddpm.data.ImageShape;
import ddpm.data.Split;
import ddpm.eval.EpsilonMeter;
import ddpm.eval.EpsilonMse;
import ddpm.eval.QuartileChart;
import ddpm.io.FileFormatException;
import ddpm.io.Model;
import ddpm.io.ModelCard;
import ddpm.io.TensorFile;
import ddpm.io.WholeFile;
import ddpm.torch.Device;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddpm evaluate}: the error of a model's epsilon on images, in all and by quarter of the chain. */
@Command(
        name = "evaluate",
        description = "Measure how well a model predicts the noise in images: mean squared error of epsilon, each image"
                + " once, the same noise for every model.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class Evaluate implements Callable<Integer> {
    @Mixin
    private ModelPath model;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DATA",
            converter = DataSpec.Converter.class,
            description = "Images: " + DataSpec.FORMS + " (default: :test).")
    private DataSpec data;

    @Option(
            names = {"-n", "--count"},
            paramLabel = "N",
            converter = WholeNumber.Count.class,
            description = "Only the first N images (default: all).")
    private Integer count;

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = WholeNumber.Count.class,
            defaultValue = "32",
            description = "Images each thread takes at once (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = "--seed",
            paramLabel = "N",
            converter = WholeNumber.Seed.class,
            defaultValue = "0",
            description = "Of the noise; errors are compared at equal seed (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--skip-bad-files", description = "Leave out pictures that cannot be read, and name them.")
    private boolean skipBadFiles;

    @Option(names = "--plot", paramLabel = "FILE", description = "Also draw the quarters as bars, to an .svg file.")
    private String plot;

    @Mixin
    private EngineOptions engine;

    @Option(names = "--json", description = "The result as one JSON object on standard output.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "No progress and no notes on standard error.")
    private boolean quiet;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        var line = spec.commandLine();
        var file = model.open();
        var stored = model.model(file);
        var card = stored.card();
        var picture = destination();
        var console = new Console(line.getErr(), Terminal.isStandardError(), quiet);
        var images = data.open(shape(file, card), Split.TEST, skipBadFiles, console);
        int measured = count == null ? images.size() : count;
        if (measured > images.size()) {
            throw new ParameterException(
                    line,
                    "--count " + count + ": there are 1.." + images.size() + " images (" + images.describe() + ")");
        }
        engine.load(console);
        engine.requireCpu("evaluation");
        console.note(measured + " of " + images.describe());
        var progress = new Progress(console, "images", measured, System::nanoTime);
        EpsilonMse result;
        try (var opened = Model.of(stored, Device.CPU)) {
            result = new EpsilonMeter(batch, engine.threads(), seed, (done, _) -> progress.at(done))
                    .measure(opened, card.schedule(), card.prediction(), images, measured);
        } finally {
            progress.end();
        }
        if (picture != null) {
            var svg = QuartileChart.svg(result).getBytes(StandardCharsets.UTF_8);
            WholeFile.write(picture.path(), svg.length, out -> out.write(ByteBuffer.wrap(svg)));
        }
        line.getOut().print(json ? Json.of(describe(file, result)) + System.lineSeparator() : table(result));
        line.getOut().flush();
        return ExitCode.DONE.status();
    }

    private Destination destination() throws IOException {
        if (plot == null) {
            return null;
        }
        Destination destination;
        try {
            destination = Destination.parse("--plot", plot, false, ".svg");
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        destination.prepare();
        return destination;
    }

    /** The images a model can be measured on. */
    static ImageShape shape(TensorFile file, ModelCard card) throws FileFormatException {
        int channels = card.network().inChannels();
        if (card.network().outChannels() != channels) {
            throw new FileFormatException(
                    file.path(),
                    "predicts " + card.network().outChannels() + " channels from " + channels
                            + "; the error of epsilon is measured of models with as many out as in");
        }
        if (channels != 1 && channels != 3) {
            throw new FileFormatException(
                    file.path(), "is for images of " + channels + " channels; pictures are read as 1 or 3");
        }
        return new ImageShape(channels, card.height(), card.width());
    }

    private static String table(EpsilonMse result) {
        var table = new TextTable("");
        table.row("timesteps", "epsilon MSE", "standard error", "images");
        table.row("all", text("%.6f", result.mse()), text("%.6f", result.standardError()), result.images());
        for (var q : result.quartiles()) {
            table.row(q.fromT() + ".." + q.toT(), text("%.6f", q.mse()), text("%.6f", q.standardError()), q.images());
        }
        return table.toString();
    }

    private Map<String, Object> describe(TensorFile file, EpsilonMse result) {
        var described = new LinkedHashMap<String, Object>();
        described.put("model", file.path().toString());
        described.put("data", data.path().toString());
        described.put("seed", seed);
        described.put("images", result.images());
        described.put("epsilonMse", finite(result.mse()));
        described.put("standardError", finite(result.standardError()));
        described.put(
                "quartiles", result.quartiles().stream().map(Evaluate::describe).toList());
        return described;
    }

    private static Map<String, Object> describe(EpsilonMse.Quartile q) {
        var described = new LinkedHashMap<String, Object>();
        described.put("timesteps", List.of(q.fromT(), q.toT()));
        described.put("images", q.images());
        described.put("epsilonMse", finite(q.mse()));
        described.put("standardError", finite(q.standardError()));
        return described;
    }

    /** JSON has no NaN. */
    private static Double finite(double value) {
        return Double.isFinite(value) ? (Double) value : null;
    }

    private static String text(String format, double value) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, format, value) : "-";
    }
}
