package ddpm.cli.result;

import ddpm.cli.console.TextTable;
import ddpm.eval.BitsPerDim;
import ddpm.eval.Estimate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@link BitsPerDim} for people and for programs. */
public final class BoundReport {
    private BoundReport() {}

    /** The terms from the prior down to the decoder, the steps between them by quarter, and their sum. */
    public static String table(BitsPerDim result) {
        var table = new TextTable("");
        table.row("term", "timesteps", "bits/dim", "standard error");
        row(table, "prior", "", result.prior());
        for (var quarter : result.quarters().reversed()) {
            row(table, "L_t", quarter.fromT() + ".." + quarter.toT(), quarter.bits());
        }
        row(table, "decoder, L_0", result.timesteps().getFirst(), result.decoder());
        row(table, "total", "", result.total());
        return table.toString();
    }

    private static void row(TextTable table, String term, Object timesteps, Estimate bits) {
        table.row(term, timesteps, text("%.6f", bits.mean()), text("%.2g", bits.standardError()));
    }

    /** One line. */
    public static String summary(BitsPerDim result) {
        return text(
                        "%.4f bits/dim (standard error %s, %d images) = rate %.4f + distortion %.4f; prior %.3g",
                        result.total().mean(),
                        text("%.4f", result.total().standardError()),
                        result.images(),
                        result.rate(),
                        result.decoder().mean(),
                        result.prior().mean())
                + System.lineSeparator();
    }

    /** The parts of the code length. */
    public static Map<String, Object> describe(BitsPerDim result) {
        var json = new LinkedHashMap<String, Object>();
        json.put("images", result.images());
        json.put("bitsPerDim", result.total().mean());
        json.put("standardError", finite(result.total().standardError()));
        json.put("prior", result.prior().mean());
        json.put("rate", result.rate());
        json.put("distortion", result.decoder().mean());
        return json;
    }

    /** Every term: timestep, bits per dimension and standard error, from the decoder's step up. */
    public static List<List<Object>> terms(BitsPerDim result) {
        var terms = new ArrayList<List<Object>>();
        for (int t = 0; t < result.terms().size(); t++) {
            var term = result.terms().get(t);
            terms.add(Arrays.asList(result.timesteps().get(t), term.mean(), finite(term.standardError())));
        }
        return terms;
    }

    /** JSON has no NaN. */
    public static Double finite(double value) {
        return Double.isFinite(value) ? (Double) value : null;
    }

    /** Formatted, or - for what is not known. */
    public static String text(String format, double value) {
        return Double.isFinite(value) ? text(format, (Object) value) : "-";
    }

    public static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
