package ddpm.io;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.nn.NetworkConfig;
import ddpm.nn.TimeEmbedding;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A {@link ModelCard} as the JSON text that our safetensors files carry in their metadata. */
final class CardJson {
    private static final String FORMAT = "ddpm model 1";

    private final Path file;
    private final Map<String, Object> json;

    private CardJson(Path file, Map<String, Object> json) {
        this.file = file;
        this.json = json;
    }

    static String write(ModelCard card) throws IOException {
        var json = new LinkedHashMap<String, Object>();
        json.put("format", FORMAT);
        json.put("network", network(card.network()));
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

    private static Map<String, Object> network(NetworkConfig config) {
        var json = new LinkedHashMap<String, Object>();
        switch (config) {
            case UNetMini.Config mini -> {
                json.put("type", "UNetMini");
                json.put("channels", mini.channels());
                json.put("base", mini.base());
                json.put("multipliers", mini.multipliers());
                json.put("timeChannels", mini.timeChannels());
            }
            case UNetConfig unet -> {
                json.put("type", "UNet");
                json.put("inChannels", unet.inChannels());
                json.put("outChannels", unet.outChannels());
                json.put("base", unet.base());
                json.put("multipliers", unet.multipliers());
                json.put("resBlocks", unet.resBlocks());
                json.put("attention", unet.attention());
                json.put("headChannels", unet.headChannels());
                json.put("groups", unet.groups());
                json.put("normEps", unet.normEps());
                json.put("dropout", unet.dropout());
                json.put("timeShift", unet.timeShift());
                json.put("timeOrder", unet.timeOrder().name());
                json.put("symmetricPadding", unet.symmetricPadding());
                if (unet.labels() > 0) {
                    json.put("labels", unet.labels());
                }
            }
        }
        return json;
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

    /** What {@link #write(Classes)} wrote. */
    static Classes readClasses(Path file, String text) throws IOException {
        return read(file, text, "a list of classes", CardJson::classes);
    }

    private static <T> T read(Path file, String text, String what, Function<CardJson, T> reading) throws IOException {
        Map<String, Object> json;
        try {
            json = JSON.std.mapFrom(text);
        } catch (IOException e) {
            throw new FileFormatException(file, "has " + what + " that is not JSON; write the file again", e);
        }
        try {
            return reading.apply(new CardJson(file, json));
        } catch (IllegalArgumentException e) {
            throw new FileFormatException(file, "has " + what + " that cannot be used: " + e.getMessage(), e);
        }
    }

    private ModelCard card() {
        if (!FORMAT.equals(json.get("format"))) {
            throw new IllegalArgumentException(
                    "its format is '" + json.get("format") + "', and this version reads '" + FORMAT + "'");
        }
        var notes = new LinkedHashMap<String, String>();
        object("notes").json.forEach((key, value) -> notes.put(key, String.valueOf(value)));
        var network = object("network").network();
        return new ModelCard(
                network,
                schedule(),
                choice("prediction", Prediction.class),
                choice("variance", Variance.class),
                choice("clip", Clip.class),
                integer("height"),
                integer("width"),
                notes,
                json.containsKey("classes") ? object("classes").classes() : Classes.numbered(network.labels(), false));
    }

    private NetworkConfig network() {
        return switch (get("type", String.class)) {
            case "UNetMini" ->
                new UNetMini.Config(
                        integer("channels"),
                        integer("base"),
                        list("multipliers", Integer.class),
                        integer("timeChannels"));
            case "UNet" ->
                new UNetConfig(
                        integer("inChannels"),
                        integer("outChannels"),
                        integer("base"),
                        list("multipliers", Integer.class),
                        integer("resBlocks"),
                        list("attention", Boolean.class),
                        integer("headChannels"),
                        integer("groups"),
                        get("normEps", Number.class).doubleValue(),
                        get("dropout", Number.class).doubleValue(),
                        integer("timeShift"),
                        timeOrder(),
                        get("symmetricPadding", Boolean.class),
                        json.containsKey("labels") ? integer("labels") : 0);
            default ->
                throw new IllegalArgumentException("unknown network type '" + json.get("type") + "': UNet or UNetMini");
        };
    }

    private static Map<String, Object> classes(Classes classes) {
        var json = new LinkedHashMap<String, Object>();
        json.put("names", classes.names());
        json.put("nullClass", classes.nullClass());
        return json;
    }

    private Classes classes() {
        return new Classes(list("names", String.class), get("nullClass", Boolean.class));
    }

    /** Early cards have a flag in its place. */
    private TimeEmbedding.Order timeOrder() {
        if (json.containsKey("cosineFirst")) {
            return get("cosineFirst", Boolean.class)
                    ? TimeEmbedding.Order.COSINE_FIRST
                    : TimeEmbedding.Order.SINE_FIRST;
        }
        return choice("timeOrder", TimeEmbedding.Order.class);
    }

    /** A curve by its formula; betas that follow none, one by one. */
    private static Object schedule(BetaSchedule schedule) {
        try {
            return BetaSchedule.parse(schedule.toString()).toString();
        } catch (IllegalArgumentException noFormula) {
            return schedule.betas().doubles();
        }
    }

    private BetaSchedule schedule() {
        if (json.get("schedule") instanceof List<?>) {
            return BetaSchedule.of(list("schedule", Number.class).stream()
                    .mapToDouble(Number::doubleValue)
                    .toArray());
        }
        return BetaSchedule.parse(get("schedule", String.class));
    }

    private <T> T get(String key, Class<T> type) {
        var value = json.get(key);
        if (!type.isInstance(value)) {
            throw new IllegalArgumentException("'" + key + "' is " + value + ", not a " + type.getSimpleName());
        }
        return type.cast(value);
    }

    private int integer(String key) {
        return get(key, Integer.class);
    }

    private <E extends Enum<E>> E choice(String key, Class<E> type) {
        return Enum.valueOf(type, get(key, String.class));
    }

    @SuppressWarnings("unchecked") // JSON objects have string keys
    private CardJson object(String key) {
        return new CardJson(file, (Map<String, Object>) get(key, Map.class));
    }

    private <T> List<T> list(String key, Class<T> type) {
        var list = new ArrayList<T>();
        for (var element : get(key, List.class)) {
            if (!type.isInstance(element)) {
                throw new IllegalArgumentException(
                        "'" + key + "' holds " + element + ", not a " + type.getSimpleName());
            }
            list.add(type.cast(element));
        }
        return list;
    }
}
