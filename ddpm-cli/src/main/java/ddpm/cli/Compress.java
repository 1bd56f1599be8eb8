package ddpm.cli;

import ddpm.eval.BitsPerDim;
import ddpm.eval.RateDistortionChart;
import ddpm.io.WholeFile;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
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
    private BoundOptions bound;

    @Option(
            names = "--csv",
            paramLabel = "FILE",
            description = "Also write the whole curve, one line per step, to a .csv.")
    private String csv;

    @Option(names = "--plot", paramLabel = "FILE", description = "Also draw the curve to an .svg file.")
    private String plot;

    @Option(names = "--json", description = "The result as one JSON object on standard output.")
    private boolean json;

    @Mixin
    private QuietOption quiet;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        var line = spec.commandLine();
        var table = Destination.prepared(line, "--csv", csv, ".csv");
        var picture = Destination.prepared(line, "--plot", plot, ".svg");
        var result = bound.measure(line, quiet.console(line));
        write(table, csv(result));
        write(picture, RateDistortionChart.svg(result));
        line.getOut().print(json ? Json.of(describe(result)) + System.lineSeparator() : table(result));
        line.getOut().flush();
        return ExitCode.DONE.status();
    }

    private static void write(Destination destination, String text) throws IOException {
        if (destination != null) {
            WholeFile.write(destination.path(), text);
        }
    }

    private static String csv(BitsPerDim result) {
        return result.curve().stream()
                .map(p -> text("%d,%.8g,%.8g", p.timestep(), p.rate(), p.distortion()))
                .collect(Collectors.joining("\n", "timestep,rate_bits_per_dim,distortion_rmse_255\n", "\n"));
    }

    /** The paper's Table 4: reverse process time, rate and distortion; then the whole code length. */
    private static String table(BitsPerDim result) {
        var table = new TextTable("");
        table.row("timestep", "rate (bits/dim)", "distortion (RMSE, 0..255)");
        var curve = result.curve();
        int rows = Math.min(ROWS, curve.size());
        for (int row = 1; row <= rows; row++) {
            var point = curve.get((int) ((long) curve.size() * row / rows) - 1);
            table.row(point.timestep(), text("%.5f", point.rate()), text("%.5f", point.distortion()));
        }
        return table + summary(result);
    }

    /** One line. */
    static String summary(BitsPerDim result) {
        return text(
                "%.4f bits/dim (standard error %s, %d images) = rate %.4f + distortion %.4f; prior %.3g%n",
                result.total(),
                Double.isFinite(result.standardError()) ? text("%.4f", result.standardError()) : "-",
                result.images(),
                result.rate(),
                result.decoder(),
                result.prior());
    }

    private static Map<String, Object> describe(BitsPerDim result) {
        var json = new LinkedHashMap<String, Object>();
        json.put("images", result.images());
        json.put("bitsPerDim", result.total());
        json.put("standardError", Double.isFinite(result.standardError()) ? result.standardError() : null);
        json.put("prior", result.prior());
        json.put("rate", result.rate());
        json.put("distortion", result.decoder());
        json.put(
                "curve",
                result.curve().stream()
                        .map(p -> List.<Object>of(p.timestep(), p.rate(), p.distortion()))
                        .toList());
        return json;
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
