package ddpm.text;

import static ddpm.text.Untrusted.quote;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A JSON object out of a file, whose fields are asked for by type: required, or with a default for a field that is absent.
 * Every misfit is an {@link IllegalArgumentException} that names the field, what it is and what it must be; what it is comes
 * out of a file, so it is quoted.
 */
public final class JsonObject {
    /** The longest text that is read as one object: a list of a million betas has 22 million characters. */
    public static final int MAX_CHARACTERS = 32 << 20;

    private final Map<String, Object> fields;
    private final Set<String> asked = new HashSet<>();

    private JsonObject(Map<String, Object> fields) {
        this.fields = fields;
    }

    /**
     * Parses a text that is one JSON object.
     *
     * @param what the text's part in its file, for messages, e.g. {@code "the card"}
     * @throws JsonException if it is anything else
     */
    public static JsonObject parse(String what, String text) throws IOException {
        if (text.length() > MAX_CHARACTERS) {
            throw new JsonException(what + " has " + text.length() + " characters; it may have " + MAX_CHARACTERS);
        }
        return StrictJson.read(what, text, json -> read(what, json));
    }

    /** Reads the object that the parser stands on the beginning of, see {@link #parse}. */
    public static JsonObject read(String what, JsonParser json) throws IOException {
        StrictJson.expect(json, JsonToken.START_OBJECT, what);
        return new JsonObject(JSON.std.mapFrom(json));
    }

    /** All fields by name, in the text's order. */
    public Map<String, Object> fields() {
        return fields;
    }

    /** Whether there is such a field, be it null. */
    public boolean has(String key) {
        asked.add(key);
        return fields.containsKey(key);
    }

    /** Whether the field is absent or null. */
    public boolean isNothing(String key) {
        asked.add(key);
        return fields.get(key) == null;
    }

    /** Fields with a value that nothing has asked for, but for a library's own remarks, which begin with {@code _}. */
    public SequencedSet<String> unread() {
        return fields.entrySet().stream()
                .filter(field -> field.getValue() != null)
                .map(Map.Entry::getKey)
                .filter(key -> !key.startsWith("_") && !asked.contains(key))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Requires the field {@code format} to be this. */
    public void requireFormat(String ours) {
        if (!ours.equals(fields.get("format"))) {
            throw new IllegalArgumentException(
                    "its format is " + shown(fields.get("format")) + ", and this version reads '" + ours + "'");
        }
    }

    /**
     * Refuses a field unless it is absent or one of these.
     *
     * @param allowed values as JSON has them, null among them where that is allowed
     */
    public void require(String key, Object... allowed) {
        asked.add(key);
        if (fields.containsKey(key) && !Arrays.asList(allowed).contains(fields.get(key))) {
            throw bad(
                    key,
                    "is " + shown(fields.get(key)) + "; supported is "
                            + Arrays.stream(allowed).map(JsonObject::shown).collect(Collectors.joining(" or ")));
        }
    }

    public String text(String key) {
        return get(key, String.class, "a string");
    }

    public String text(String key, String orElse) {
        return has(key) ? text(key) : orElse;
    }

    public boolean flag(String key) {
        return get(key, Boolean.class, "true or false");
    }

    public boolean flag(String key, boolean orElse) {
        return has(key) ? flag(key) : orElse;
    }

    public double number(String key) {
        return get(key, Number.class, "a number").doubleValue();
    }

    public double number(String key, double orElse) {
        return has(key) ? number(key) : orElse;
    }

    /** A number without a fraction, however it is written. */
    public long whole(String key) {
        var value = get(key, Number.class, "a whole number");
        try {
            return new BigDecimal(value.toString()).longValueExact();
        } catch (ArithmeticException fraction) {
            throw misfit(key, value, "a whole number");
        }
    }

    public int integer(String key) {
        long value = whole(key);
        if (value != (int) value) {
            throw misfit(key, value, "a whole number below 2^31");
        }
        return (int) value;
    }

    public int integer(String key, int orElse) {
        return has(key) ? integer(key) : orElse;
    }

    /** A constant by its name. */
    public <E extends Enum<E>> E choice(String key, Class<E> type) {
        var name = text(key);
        for (var constant : type.getEnumConstants()) {
            if (constant.name().equals(name)) {
                return constant;
            }
        }
        throw misfit(key, name, "one of " + Arrays.toString(type.getEnumConstants()));
    }

    @SuppressWarnings("unchecked") // JSON objects have string keys
    public JsonObject object(String key) {
        return new JsonObject((Map<String, Object>) get(key, Map.class, "an object"));
    }

    /** Elements of one kind, of Java's classes for JSON. */
    public <T> List<T> list(String key, Class<T> type) {
        var list = new ArrayList<T>();
        for (var element : get(key, List.class, "a list")) {
            if (!type.isInstance(element)) {
                throw bad(key, "holds " + shown(element) + "; all must be of the kind " + type.getSimpleName());
            }
            list.add(type.cast(element));
        }
        return list;
    }

    public <T> List<T> list(String key, Class<T> type, List<T> orElse) {
        return has(key) ? list(key, type) : new ArrayList<>(orElse);
    }

    /** All fields, which must be strings. */
    public Map<String, String> texts() {
        var texts = new LinkedHashMap<String, String>();
        fields.keySet().forEach(key -> texts.put(key, text(key)));
        return texts;
    }

    private <T> T get(String key, Class<T> type, String what) {
        asked.add(key);
        var value = fields.get(key);
        if (!type.isInstance(value)) {
            throw misfit(key, value, what);
        }
        return type.cast(value);
    }

    /** The exception for a field's value that cannot be used: the key, quoted, and then the problem. */
    public IllegalArgumentException bad(String key, String problem) {
        return new IllegalArgumentException(quote(key) + " " + problem);
    }

    private IllegalArgumentException misfit(String key, Object value, String what) {
        return bad(key, (fields.containsKey(key) ? "is " + shown(value) : "is missing") + "; it must be " + what);
    }

    /** Strings in quotes, other values bare. */
    private static String shown(Object value) {
        var quoted = quote(String.valueOf(value));
        return value instanceof String ? quoted : quoted.replace("'", "");
    }
}
