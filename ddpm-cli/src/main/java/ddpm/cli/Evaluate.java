package ddpm.cli;

import ddpm.eval.EpsilonMeter;
import ddpm.eval.EpsilonMse;
import ddpm.eval.QuartileChart;
import ddpm.eval.TrueClasses;
import ddpm.io.Model;
import ddpm.io.TensorFile;
import ddpm.io.WholeFile;
import ddpm.torch.Device;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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

    @Mixin
    private MeasuredImages data;

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

    @Option(names = "--plot", paramLabel = "FILE", description = "Also draw the quarters as bars, to an .svg file.")
    private String plot;

    @Mixin
    private EngineOptions engine;

    @Option(names = "--json", description = "The result as one JSON object on standard output.")
    private boolean json;

    @Mixin
    private QuietOption quiet;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        var line = spec.commandLine();
        var file = model.open();
        var stored = model.model(file);
        var card = stored.card();
        var picture = Destination.prepared(line, "--plot", plot, ".svg");
        var console = quiet.console(line);
        var images = data.open(line, file, card, count, console);
        int measured = count == null ? images.size() : count;
        var labels = TrueClasses.labels(card.classes(), images);
        engine.load(console);
        engine.requireCpu("evaluation");
        console.note(measured + " of " + images.describe());
        var progress = new Progress(console, "images", measured, System::nanoTime);
        EpsilonMse result;
        try (var opened = Model.of(stored, Device.CPU)) {
            result = new EpsilonMeter(batch, engine.threads(), data.seed(), (done, _) -> progress.at(done))
                    .measure(TrueClasses.told(opened, labels), card.schedule(), card.prediction(), images, measured);
        } finally {
            progress.end();
        }
        if (picture != null) {
            WholeFile.write(picture.path(), QuartileChart.svg(result));
        }
        line.getOut().print(json ? Json.of(describe(file, result)) + System.lineSeparator() : table(result));
        line.getOut().flush();
        return ExitCode.DONE.status();
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
        described.put("seed", data.seed());
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
