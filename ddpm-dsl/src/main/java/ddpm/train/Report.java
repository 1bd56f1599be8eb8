package ddpm.train;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A run as one HTML page that needs nothing else: curves, sample grids over time, the configuration, and the commands
 * that go on from here. However long the run, the page stays small.
 *
 * @param description the content of {@code run.json}
 * @param command how to continue the run; may be empty
 */
record Report(
        RunFolder folder,
        Map<String, Object> description,
        String command,
        List<StepMetrics> steps,
        List<ValidationMetrics> validations,
        List<Metrics.Fid> fids) {

    private static final String TEMPLATE = "report.html";
    private static final String DATA = "/*DATA*/";
    private static final int MAX_POINTS = 2000;
    private static final int MAX_GRIDS = 40;
    private static final long MAX_GRID_BYTES = 12L << 20;

    /** The page. */
    String html() throws IOException {
        var data = new LinkedHashMap<String, Object>();
        var run = folder.path().toAbsolutePath().normalize();
        data.put("name", String.valueOf(run.getFileName()));
        data.put("description", description);
        data.put("command", command);
        data.put("sample", "ddpm sample --model " + folder.model());
        data.put("steps", points());
        data.put(
                "validations",
                validations.stream()
                        .map(v -> List.of(v.step(), finite(v.mse()), finite(v.standardError()), finite(v.quartiles())))
                        .toList());
        data.put(
                "fids",
                fids.stream()
                        .map(m -> List.of(m.step(), finite(m.fid()), m.features(), m.images()))
                        .toList());
        data.put("grids", grids());
        // In a script element only "<" could end the data early.
        return template().replace(DATA, JSON.std.asString(data).replace("<", "\\u003c"));
    }

    /** At most {@link #MAX_POINTS} of [step, loss, learning rate, gradient norm, images/s], means where lines are joined. */
    private List<List<Number>> points() {
        int joined = Math.ceilDiv(Math.max(1, steps.size()), MAX_POINTS);
        var points = new ArrayList<List<Number>>();
        for (int from = 0; from < steps.size(); from += joined) {
            var bucket = steps.subList(from, Math.min(steps.size(), from + joined));
            points.add(List.of(
                    bucket.getLast().step(),
                    mean(bucket, StepMetrics::loss),
                    bucket.getLast().learningRate(),
                    mean(bucket, StepMetrics::gradientNorm),
                    mean(bucket, StepMetrics::imagesPerSecond)));
        }
        return points;
    }

    private static double mean(List<StepMetrics> bucket, java.util.function.ToDoubleFunction<StepMetrics> value) {
        return finite(bucket.stream().mapToDouble(value).average().orElse(0));
    }

    private static double finite(double value) {
        return Double.isFinite(value) ? value : 0; // JSON has no NaN; only intervals of no time or images make one
    }

    private static List<Double> finite(List<Double> values) {
        return values.stream().map(Report::finite).toList();
    }

    /** Evenly chosen, the first and the last among them. */
    private List<Map<String, Object>> grids() throws IOException {
        var all = folder.grids();
        var chosen = new ArrayList<Map<String, Object>>();
        if (all.isEmpty()) {
            return chosen;
        }
        long fit = MAX_GRID_BYTES / Math.max(1, Files.size(all.getLast()));
        int count = (int) Math.max(1, Math.min(Math.min(MAX_GRIDS, fit), all.size()));
        for (int i = 0; i < count; i++) {
            int index = count == 1 ? all.size() - 1 : (int) ((long) i * (all.size() - 1) / (count - 1));
            chosen.add(grid(all.get(index)));
        }
        return chosen;
    }

    private static Map<String, Object> grid(Path file) throws IOException {
        var grid = new LinkedHashMap<String, Object>();
        grid.put("step", RunFolder.step(file));
        grid.put("png", "data:image/png;base64," + Base64.getEncoder().encodeToString(Files.readAllBytes(file)));
        return grid;
    }

    private static String template() throws IOException {
        try (var in = Report.class.getResourceAsStream(TEMPLATE)) {
            if (in == null) {
                throw new FileNotFoundException(TEMPLATE + " is missing inside this program");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
