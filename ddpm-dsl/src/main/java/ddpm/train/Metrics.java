package ddpm.train;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.io.WholeFile;
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

    /**
     * Reads what is there up to {@code step} and cuts off the rest: steps that will be made again, and half a line that a
     * killed process left.
     */
    Metrics(Path path, long step) throws IOException {
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
        Map<String, Object> json;
        try {
            json = JSON.std.mapFrom(line);
        } catch (IOException halfALine) {
            return false;
        }
        if (json == null || !(json.get("step") instanceof Number step) || step.longValue() > upTo) {
            return false;
        }
        if (json.get("validation") instanceof Number mse && json.get("quartiles") instanceof List<?> quartiles) {
            validations.add(new ValidationMetrics(
                    step.longValue(),
                    mse.doubleValue(),
                    number(json.get("standardError")),
                    quartiles.stream().map(Metrics::number).toList(),
                    (int) number(json.get("images"))));
        } else if (json.get("loss") instanceof Number loss) {
            steps.add(new StepMetrics(
                    step.longValue(),
                    loss.doubleValue(),
                    number(json.get("gradientNorm")),
                    number(json.get("learningRate")),
                    number(json.get("imagesPerSecond")),
                    number(json.get("epoch")),
                    number(json.get("seconds"))));
        } else {
            return json.get("own") instanceof Map<?, ?>;
        }
        return true;
    }

    private static double number(Object value) {
        return value instanceof Number number ? number.doubleValue() : Double.NaN;
    }
}
