package ddpm.train;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.io.WholeFile;
import ddpm.text.JsonObject;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A run's {@code metrics.jsonl}: one JSON object per line, steps never falling. */
final class Metrics {
    private static final MathContext DIGITS = new MathContext(7);

    private final AppendFile file;
    private final List<StepMetrics> steps = new ArrayList<>();
    private final List<ValidationMetrics> validations = new ArrayList<>();
    private final List<Fid> fids = new ArrayList<>();

    /**
     * A measurement of samples.
     *
     * @param step steps made
     * @param features by which they were measured
     * @param images drawn
     * @param fid their Frechet distance from real images
     */
    record Fid(long step, String features, int images, double fid) {}

    /**
     * Reads what is there up to {@code step} and cuts off the rest: steps that will be made again, and half a line that a
     * killed process left.
     */
    Metrics(Path path, long step) throws IOException {
        WholeFile.requireFile(path);
        if (Files.exists(path)) {
            var kept = new StringBuilder();
            // Bytes that are no UTF-8 make a line that is no JSON, which is cut like any other.
            for (var line : new String(Files.readAllBytes(path), StandardCharsets.UTF_8)
                    .lines()
                    .toList()) {
                if (read(line, step)) {
                    kept.append(line).append('\n');
                }
            }
            var bytes = kept.toString().getBytes(StandardCharsets.UTF_8);
            if (bytes.length != Files.size(path)) {
                WholeFile.write(path, bytes);
            }
        }
        this.file = new AppendFile(path);
    }

    /** All lines so far, oldest first. */
    List<StepMetrics> steps() {
        return steps;
    }

    List<ValidationMetrics> validations() {
        return validations;
    }

    List<Fid> fids() {
        return fids;
    }

    /** Seconds of training so far. */
    double seconds() {
        return steps.isEmpty() ? 0 : steps.getLast().seconds();
    }

    void add(StepMetrics m) throws IOException {
        steps.add(m);
        var json = new LinkedHashMap<String, Object>();
        json.put("step", m.step());
        json.put("loss", rounded(m.loss()));
        json.put("gradientNorm", rounded(m.gradientNorm()));
        json.put("learningRate", rounded(m.learningRate()));
        json.put("imagesPerSecond", rounded(m.imagesPerSecond()));
        json.put("epoch", rounded(m.epoch()));
        json.put("seconds", rounded(m.seconds()));
        append(json);
    }

    void add(ValidationMetrics m) throws IOException {
        validations.add(m);
        var json = new LinkedHashMap<String, Object>();
        json.put("step", m.step());
        json.put("validation", rounded(m.mse()));
        json.put("standardError", rounded(m.standardError()));
        json.put("quartiles", m.quartiles().stream().map(Metrics::rounded).toList());
        json.put("images", m.images());
        append(json);
    }

    void add(Fid m) throws IOException {
        fids.add(m);
        var json = new LinkedHashMap<String, Object>();
        json.put("step", m.step());
        json.put("fid", rounded(m.fid()));
        json.put("features", m.features());
        json.put("images", m.images());
        append(json);
    }

    /** Adds figures of the observer's own. */
    void add(long step, Map<String, Double> own) throws IOException {
        var json = new LinkedHashMap<String, Object>();
        json.put("step", step);
        var figures = new LinkedHashMap<String, Object>();
        new TreeMap<>(own).forEach((name, value) -> figures.put(name, rounded(value)));
        json.put("own", figures);
        append(json);
    }

    private void append(Map<String, Object> json) throws IOException {
        file.append((JSON.std.asString(json) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Seven digits are more than any of these numbers means. JSON has no NaN: it becomes null. */
    private static Double rounded(double value) {
        return Double.isFinite(value)
                ? (Double) new BigDecimal(value).round(DIGITS).doubleValue()
                : null;
    }

    /** Remembers one line, if it is whole and not beyond the step. */
    private boolean read(String line, long upTo) {
        try {
            var json = JsonObject.parse("a line", line);
            long step = json.whole("step");
            if (step > upTo) {
                return false;
            }
            if (json.has("validation")) {
                validations.add(new ValidationMetrics(
                        step,
                        json.number("validation"),
                        number(json, "standardError"),
                        json.list("quartiles", Object.class).stream()
                                .map(value -> value instanceof Number n ? n.doubleValue() : Double.NaN)
                                .toList(),
                        json.integer("images")));
            } else if (json.has("fid")) {
                fids.add(new Fid(step, json.text("features"), json.integer("images"), number(json, "fid")));
            } else if (json.has("own")) {
                json.object("own");
            } else {
                steps.add(new StepMetrics(
                        step,
                        json.number("loss"),
                        number(json, "gradientNorm"),
                        number(json, "learningRate"),
                        number(json, "imagesPerSecond"),
                        number(json, "epoch"),
                        number(json, "seconds")));
            }
            return true;
        } catch (IOException | IllegalArgumentException notOurs) {
            return false; // half a line of a killed process, or another's
        }
    }

    /** What was not finite is null. */
    private static double number(JsonObject json, String key) {
        return json.isNothing(key) ? Double.NaN : json.number(key);
    }
}
