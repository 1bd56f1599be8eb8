package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.console.Json;
import ddpm.cli.console.TextTable;
import ddpm.cli.result.BoundReport;
import ddpm.cli.result.Destination;
import ddpm.eval.BitsPerDim;
import ddpm.eval.RateDistortionChart;
import ddpm.eval.ReceivedStrip;
import ddpm.io.WholeFile;
import ddpm.model.Model;
import ddpm.torch.Device;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ddpm compress}: bits per dimension and the rate-distortion curve of progressive coding (Table 4, Fig. 5). */
@Command(
        name = "compress",
        description =
                "Measure a model as a lossless and progressively lossy code: bits per dimension (an upper bound of the"
                        + " negative log-likelihood), and distortion over rate. Nothing is compressed.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class Compress implements Callable<Integer> {
    /** Rows of the printed table beside the last step, as many as the paper's. */
    private static final int ROWS = 10;

    @Mixin
    private Measured measured;

    @Option(
            names = {"-n", "--count"},
            paramLabel = "N",
            converter = Values.Count.class,
            description = "The first N images; each goes through every step (default: " + BoundOptions.COUNT + ").")
    private Integer count;

    @Mixin
    private BoundOptions options;

    @Option(
            names = "--csv",
            paramLabel = "FILE",
            description = "Also write the whole curve, one line per step, to a .csv.")
    private String csv;

    @Option(names = "--plot", paramLabel = "FILE", description = "Also draw the curve to an .svg file.")
    private String plot;

    @Option(
            names = "--strip",
            paramLabel = "FILE",
            description =
                    "Also draw a .png of the images as received at each timestep of the table: a row for each of the first "
                            + ReceivedStrip.MOST_IMAGES + " images, the image itself last.")
    private String strip;

    @Option(names = "--json", description = "The result as one JSON object on standard output.")
    private boolean json;

    @Mixin
    private Console.Quiet quiet;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        var line = spec.commandLine();
        var table = Destination.prepared(line, "--csv", csv, ".csv");
        var picture = Destination.prepared(line, "--plot", plot, ".svg");
        var seen = Destination.prepared(line, "--strip", strip, ".png");
        var console = measured.console(line, quiet);
        var subject = measured.open(line, count, BoundOptions.COUNT, console);
        var bound = options.bound(line, subject.card());
        var device = measured.load(console);
        BitsPerDim result;
        try (var _ = measured.join(subject, console);
                var opened = Model.of(subject.stored(), device);
                var model = measured.prepared(opened)) {
            result = measured.bitsPerDim(model, bound, subject, console);
            if (seen != null && measured.speaks()) {
                new ReceivedStrip(
                                shown(result),
                                subject.conditioned(model),
                                subject.images(),
                                subject.count(),
                                measured.meter(device, (_, _) -> {}))
                        .write(seen.path(), bound, Main.Version.program());
            }
        }
        if (!measured.speaks()) {
            return ExitCode.DONE.status();
        }
        write(table, csv(result));
        write(picture, RateDistortionChart.svg(result));
        line.getOut().print(json ? Json.of(describe(result, subject, device)) + System.lineSeparator() : table(result));
        return ExitCode.DONE.status();
    }

    private static void write(Destination destination, String text) throws IOException {
        if (destination != null) {
            WholeFile.write(destination.path(), text);
        }
    }

    private static String csv(BitsPerDim result) {
        return result.curve().stream()
                .map(p -> BoundReport.text("%d,%.8g,%.8g", p.timestep(), p.rate(), p.distortion()))
                .collect(Collectors.joining("\n", "timestep,rate_bits_per_dim,distortion_rmse_255\n", "\n"));
    }

    /** The paper's Table 4: reverse process time, rate and distortion; then the whole code length. */
    private static String table(BitsPerDim result) {
        var table = new TextTable("");
        table.row("timestep", "rate (bits/dim)", "distortion (RMSE, 0..255)");
        for (var point : shown(result)) {
            table.row(
                    point.timestep(),
                    BoundReport.text("%.5f", point.rate()),
                    BoundReport.text("%.5f", point.distortion()));
        }
        return table + BoundReport.summary(result);
    }

    /** The rows of the table, evenly from the first step to the last. */
    private static List<BitsPerDim.Point> shown(BitsPerDim result) {
        var curve = result.curve();
        int rows = Math.min(ROWS, curve.size());
        return IntStream.rangeClosed(1, rows)
                .mapToObj(row -> curve.get((int) ((long) curve.size() * row / rows) - 1))
                .toList();
    }

    private Map<String, Object> describe(BitsPerDim result, Measured.Subject subject, Device device) {
        var json = measured.describe(subject, device);
        json.putAll(BoundReport.describe(result));
        json.put(
                "curve",
                result.curve().stream()
                        .map(p -> List.<Object>of(p.timestep(), p.rate(), p.distortion()))
                        .toList());
        return json;
    }
}
