package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.console.Json;
import ddpm.cli.console.Progress;
import ddpm.cli.console.TextTable;
import ddpm.cli.result.BoundReport;
import ddpm.cli.result.Destination;
import ddpm.eval.BoundChart;
import ddpm.eval.EpsilonMse;
import ddpm.eval.QuartileChart;
import ddpm.io.WholeFile;
import ddpm.model.Model;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddpm evaluate}: the error of a model's epsilon on images, or its bound on their likelihood. */
@Command(
        name = "evaluate",
        description = "Measure how well a model predicts the noise in images: mean squared error of epsilon, each image"
                + " once, or the bits per dimension that they cost it. The noise is the same for every model.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class Evaluate implements Callable<Integer> {
    @Mixin
    private Measured measured;

    @Option(
            names = {"-n", "--count"},
            paramLabel = "N",
            converter = Values.Count.class,
            description = "Only the first N images (default: all; with --bits-per-dim " + BoundOptions.COUNT + ").")
    private Integer count;

    @Option(
            names = "--bits-per-dim",
            description = "Measure the variational bound instead, term by term: each image goes through every step.")
    private boolean bitsPerDim;

    @Mixin
    private BoundOptions options;

    @Option(
            names = "--plot",
            paramLabel = "FILE",
            description = "Also draw an .svg: the quarters as bars, or the bound's terms by timestep.")
    private String plot;

    @Option(
            names = {"--fid", "--is", "--kid", "--precision-recall", "--quality", "--neighbours"},
            hidden = true,
            arity = "0..1",
            fallbackValue = "")
    private String elsewhere;

    @Option(names = "--json", description = "The result as one JSON object on standard output.")
    private boolean json;

    @Mixin
    private Console.Quiet quiet;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        var line = spec.commandLine();
        if (elsewhere != null) {
            throw new ParameterException(
                    line, "FID, Inception score, KID, precision, recall and neighbours are measured by: ddpm quality");
        }
        if (!bitsPerDim && options.given() != null) {
            throw new ParameterException(line, options.given() + ": only with --bits-per-dim");
        }
        var picture = Destination.prepared(line, "--plot", plot, ".svg");
        var console = measured.console(line, quiet);
        var subject = measured.open(line, count, bitsPerDim ? BoundOptions.COUNT : Integer.MAX_VALUE, console);
        Result result;
        try (var _ = measured.join(subject, console)) {
            result = bitsPerDim ? bound(line, subject, console) : epsilon(subject, console);
        }
        if (measured.speaks()) {
            if (picture != null) {
                WholeFile.write(picture.path(), result.svg());
            }
            line.getOut().print(json ? Json.of(result.json()) + System.lineSeparator() : result.table());
        }
        return ExitCode.DONE.status();
    }

    /** A result in its three forms. */
    private record Result(String table, Map<String, Object> json, String svg) {}

    private Result epsilon(Measured.Subject subject, Console console) throws IOException {
        var device = measured.load(console);
        var card = subject.card();
        int images = subject.count();
        console.note(images + " of " + subject.images().describe());
        var progress = new Progress(console, "images", images, System::nanoTime);
        try (var opened = Model.of(subject.stored(), device);
                var model = measured.prepared(opened)) {
            var meter = measured.epsilonMeter(device, (done, _) -> progress.at(done));
            var mse = meter.measure(
                    subject.conditioned(model), card.schedule(), card.prediction(), subject.images(), images);
            Measured.requireFinite(
                    model,
                    subject,
                    mse.quartiles().stream().filter(q -> q.images() > 0).mapToDouble(EpsilonMse.Quartile::mse));
            var json = measured.describe(subject, device);
            json.putAll(describe(mse));
            return new Result(table(mse), json, QuartileChart.svg(mse));
        } finally {
            progress.end();
        }
    }

    private Result bound(CommandLine line, Measured.Subject subject, Console console) throws IOException {
        var bound = options.bound(line, subject.card());
        var device = measured.load(console);
        try (var opened = Model.of(subject.stored(), device);
                var model = measured.prepared(opened)) {
            var bits = measured.bitsPerDim(model, bound, subject, console);
            var json = measured.describe(subject, device);
            json.putAll(BoundReport.describe(bits));
            json.put("terms", BoundReport.terms(bits));
            return new Result(BoundReport.table(bits), json, BoundChart.svg(bits));
        }
    }

    private static String table(EpsilonMse result) {
        var table = new TextTable("");
        table.row("timesteps", "epsilon MSE", "standard error", "images");
        table.row(
                "all",
                BoundReport.text("%.6f", result.mse()),
                BoundReport.text("%.6f", result.standardError()),
                result.images());
        for (var q : result.quartiles()) {
            table.row(
                    q.fromT() + ".." + q.toT(),
                    BoundReport.text("%.6f", q.mse()),
                    BoundReport.text("%.6f", q.standardError()),
                    q.images());
        }
        return table.toString();
    }

    private static Map<String, Object> describe(EpsilonMse result) {
        var described = new LinkedHashMap<String, Object>();
        described.put("images", result.images());
        described.put("epsilonMse", BoundReport.finite(result.mse()));
        described.put("standardError", BoundReport.finite(result.standardError()));
        described.put(
                "quartiles", result.quartiles().stream().map(Evaluate::describe).toList());
        return described;
    }

    private static Map<String, Object> describe(EpsilonMse.Quartile q) {
        var described = new LinkedHashMap<String, Object>();
        described.put("timesteps", List.of(q.fromT(), q.toT()));
        described.put("images", q.images());
        described.put("epsilonMse", BoundReport.finite(q.mse()));
        described.put("standardError", BoundReport.finite(q.standardError()));
        return described;
    }
}
