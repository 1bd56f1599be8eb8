package ddpm.train;

import static ddpm.text.Untrusted.quote;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.diffusion.Objective;
import ddpm.io.FileFormatException;
import ddpm.text.JsonException;
import ddpm.text.JsonObject;
import ddpm.torch.DType;
import ddpm.torch.Ops;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/** The {@code state.json} of a checkpoint: how far the run is, what it is a run of, and its files' checksums. */
final class StateJson {
    static final String FORMAT = "ddpm checkpoint 1";

    /** A state has about a thousand. */
    static final int MAX_BYTES = 1 << 20;

    private static final String UNSUMMED = "crc32c:00000000";
    private static final Pattern SUM = Pattern.compile("crc32c:[0-9a-f]{8}");

    /**
     * @param step steps made
     * @param config how the run trains
     * @param dataset fingerprint of the images
     * @param files checksum by file name, CRC-32C in hexadecimal
     * @param versions what wrote it, for people
     */
    record State(
            long step, TrainConfig config, String dataset, Map<String, String> files, Map<String, String> versions) {}

    private StateJson() {}

    static String write(State state) throws IOException {
        var json = new LinkedHashMap<String, Object>();
        json.put("format", FORMAT);
        json.put("step", state.step());
        json.put("config", config(state.config()));
        json.put("dataset", state.dataset());
        json.put("files", state.files());
        json.put("versions", state.versions());
        json.put("checksum", UNSUMMED);
        var text = JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(json) + "\n";
        return text.replace(UNSUMMED, checksum(text));
    }

    /** Of the text with zeros in the checksum's own place: an altered step or seed would look as good as the true one. */
    private static String checksum(String unsummed) {
        var crc = new CRC32C();
        crc.update(unsummed.getBytes(StandardCharsets.UTF_8));
        return "crc32c:" + HexFormat.of().toHexDigits((int) crc.getValue());
    }

    private static void requireIntact(String text) {
        var sum = SUM.matcher(text);
        if (sum.find() && !sum.group().equals(checksum(sum.replaceFirst(UNSUMMED)))) {
            throw new IllegalArgumentException("it is damaged: its text does not have the checksum it states");
        }
    }

    /** A configuration as JSON has it. */
    static Map<String, Object> config(TrainConfig config) {
        var json = new LinkedHashMap<String, Object>();
        json.put("seed", config.seed());
        json.put("batch", config.batch());
        json.put("steps", config.steps());
        var rate = new LinkedHashMap<String, Object>();
        switch (config.learningRate()) {
            case LearningRate.Constant constant -> {
                rate.put("type", "constant");
                rate.put("rate", constant.rate());
            }
            case LearningRate.Warmup warmup -> {
                rate.put("type", "warmup");
                rate.put("rate", warmup.rate());
                rate.put("steps", warmup.steps());
            }
            case LearningRate.Cosine cosine -> {
                rate.put("type", "cosine");
                rate.put("rate", cosine.rate());
                rate.put("warmup", cosine.warmup());
                rate.put("total", cosine.total());
            }
            case LearningRate.Linear linear -> {
                rate.put("type", "linear");
                rate.put("rate", linear.rate());
                rate.put("warmup", linear.warmup());
                rate.put("total", linear.total());
            }
        }
        json.put("learningRate", rate);
        var adam = new LinkedHashMap<String, Object>();
        adam.put("decay", config.optimizer().decay().name());
        adam.put("beta1", config.optimizer().beta1());
        adam.put("beta2", config.optimizer().beta2());
        adam.put("eps", config.optimizer().eps());
        adam.put("weightDecay", config.optimizer().weightDecay());
        json.put("optimizer", adam);
        json.put("clipNorm", config.clipNorm());
        var ema = new LinkedHashMap<String, Object>();
        ema.put("decay", config.ema().decay());
        ema.put("ramp", config.ema().ramp());
        json.put("ema", ema);
        json.put("flips", config.flips());
        json.put("precision", config.precision().name());
        json.put("threads", config.threads());
        json.put("accumulate", config.accumulate());
        json.put("objective", config.objective().name());
        json.put("dropClass", config.dropClass());
        return json;
    }

    /**
     * @throws FileFormatException if the text is no such state
     */
    static State read(Path file, String text) throws IOException {
        try {
            requireIntact(text);
            var json = JsonObject.parse("the state", text);
            json.requireFormat(FORMAT);
            return new State(
                    json.whole("step"),
                    config(json.object("config")),
                    json.text("dataset"),
                    json.object("files").texts(),
                    json.object("versions").texts());
        } catch (IllegalArgumentException | JsonException e) {
            throw new FileFormatException(file, "is no state of a training run: " + e.getMessage(), e);
        }
    }

    private static TrainConfig config(JsonObject json) {
        var adam = json.object("optimizer");
        var ema = json.object("ema");
        return new TrainConfig(
                json.whole("seed"),
                json.integer("batch"),
                json.whole("steps"),
                rate(json.object("learningRate")),
                new Optimizer(
                        adam.choice("decay", Ops.Decay.class),
                        adam.number("beta1"),
                        adam.number("beta2"),
                        adam.number("eps"),
                        adam.number("weightDecay")),
                json.number("clipNorm"),
                new Ema(ema.number("decay"), ema.flag("ramp")),
                json.flag("flips"),
                json.choice("precision", DType.class),
                json.integer("threads"),
                json.has("accumulate") ? json.integer("accumulate") : 1,
                // Early runs knew no other.
                json.has("objective") ? json.choice("objective", Objective.class) : Objective.SIMPLE,
                json.has("dropClass") ? json.number("dropClass") : TrainConfig.DROP_CLASS);
    }

    private static LearningRate rate(JsonObject json) {
        return switch (json.text("type")) {
            case "constant" -> new LearningRate.Constant(json.number("rate"));
            case "warmup" -> new LearningRate.Warmup(json.number("rate"), json.whole("steps"));
            case "cosine" -> new LearningRate.Cosine(json.number("rate"), json.whole("warmup"), json.whole("total"));
            case "linear" -> new LearningRate.Linear(json.number("rate"), json.whole("warmup"), json.whole("total"));
            default -> throw new IllegalArgumentException("unknown learning rate " + quote(json.text("type")));
        };
    }
}
