package ddpm.model;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.io.FileFormatException;
import ddpm.text.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A {@link ModelCard} as the JSON text that our safetensors files carry in their metadata. */
final class CardJson {
    private static final String FORMAT = "ddpm model 1";

    private CardJson() {}

    static String write(ModelCard card) throws IOException {
        var json = new LinkedHashMap<String, Object>();
        json.put("format", FORMAT);
        json.put("network", NetworkTypes.write(card.network()));
        json.put("schedule", schedule(card.schedule()));
        json.put("prediction", card.prediction().name());
        json.put("variance", card.variance().name());
        json.put("clip", card.clip().name());
        json.put("height", card.height());
        json.put("width", card.width());
        json.put("notes", new java.util.TreeMap<>(card.notes()));
        if (!card.classes().isEmpty()) {
            json.put("classes", classes(card.classes()));
        }
        return JSON.std.asString(json);
    }

    /**
     * @throws FileFormatException if the text is no card, naming the file and what is wrong with the card
     */
    static ModelCard read(Path file, String text) throws IOException {
        return read(file, text, "a model card", CardJson::card);
    }

    /** Classes alone, for files that have no card but are conditional. */
    static String write(Classes classes) throws IOException {
        return JSON.std.asString(classes(classes));
    }

    /** Reads what {@link #write(Classes)} wrote. */
    static Classes readClasses(Path file, String text) throws IOException {
        return read(file, text, "a list of classes", CardJson::classes);
    }

    private static <T> T read(Path file, String text, String what, Function<JsonObject, T> reading) throws IOException {
        JsonObject json;
        try {
            json = JsonObject.parse(what, text);
        } catch (IOException e) {
            throw new FileFormatException(file, "has " + what + " that is not JSON; write the file again", e);
        }
        try {
            return reading.apply(json);
        } catch (IllegalArgumentException e) {
            throw new FileFormatException(file, "has " + what + " that cannot be used: " + e.getMessage(), e);
        }
    }

    private static ModelCard card(JsonObject json) {
        json.requireFormat(FORMAT);
        var notes = new LinkedHashMap<String, String>();
        json.object("notes").fields().forEach((key, value) -> notes.put(key, String.valueOf(value)));
        var network = NetworkTypes.read(json.object("network"));
        return new ModelCard(
                network,
                schedule(json),
                json.choice("prediction", Prediction.class),
                json.choice("variance", Variance.class),
                json.choice("clip", Clip.class),
                json.integer("height"),
                json.integer("width"),
                notes,
                json.has("classes") ? classes(json.object("classes")) : Classes.numbered(network.labels(), false));
    }

    private static Map<String, Object> classes(Classes classes) {
        var json = new LinkedHashMap<String, Object>();
        json.put("names", classes.names());
        json.put("nullClass", classes.nullClass());
        return json;
    }

    private static Classes classes(JsonObject json) {
        return new Classes(json.list("names", String.class), json.flag("nullClass"));
    }

    /** A curve by its formula; betas that follow none, one by one. */
    private static Object schedule(BetaSchedule schedule) {
        try {
            return BetaSchedule.parse(schedule.toString()).toString();
        } catch (IllegalArgumentException noFormula) {
            return schedule.betas().doubles();
        }
    }

    private static BetaSchedule schedule(JsonObject json) {
        if (json.fields().get("schedule") instanceof List<?>) {
            return BetaSchedule.of(json.list("schedule", Number.class).stream()
                    .mapToDouble(Number::doubleValue)
                    .toArray());
        }
        return BetaSchedule.parse(json.text("schedule"));
    }
}
