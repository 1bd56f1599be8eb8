package ddpm.text;

import static ddpm.text.Untrusted.quote;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A JSON object of a format of ours, whose fields are asked for by type. Every misfit is an {@link
 * IllegalArgumentException} that names the field, what it is and what it must be; what it is comes out of a file, so it is
 * quoted.
 *
 * @param fields by name
 */
public record JsonObject(Map<String, Object> fields) {
    /**
     * @throws IOException if the text is no JSON object
     */
    public static JsonObject parse(String text) throws IOException {
        return new JsonObject(JSON.std.mapFrom(text));
    }

    public boolean has(String key) {
        return fields.containsKey(key);
    }

    /** Requires the field {@code format} to be this. */
    public void requireFormat(String ours) {
        if (!ours.equals(fields.get("format"))) {
            throw new IllegalArgumentException(
                    "its format is " + told(fields.get("format")) + ", and this version reads '" + ours + "'");
        }
    }

    public String text(String key) {
        return get(key, String.class, "a string");
    }

    public boolean flag(String key) {
        return get(key, Boolean.class, "true or false");
    }

    public double number(String key) {
        return get(key, Number.class, "a number").doubleValue();
    }

    /** A number without a fraction, however it is written. */
    public long whole(String key) {
        var value = get(key, Number.class, "a whole number");
        if (value.doubleValue() != Math.rint(value.doubleValue())) {
            throw misfit(key, value, "a whole number");
        }
        return value.longValue();
    }

    public int integer(String key) {
        long value = whole(key);
        if (value != (int) value) {
            throw misfit(key, value, "a whole number below 2^31");
        }
        return (int) value;
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
                throw new IllegalArgumentException(
                        quote(key) + " holds " + told(element) + "; all must be of the kind " + type.getSimpleName());
            }
            list.add(type.cast(element));
        }
        return list;
    }

    /** All fields, which must be strings. */
    public Map<String, String> texts() {
        var texts = new LinkedHashMap<String, String>();
        fields.keySet().forEach(key -> texts.put(key, text(key)));
        return texts;
    }

    private <T> T get(String key, Class<T> type, String what) {
        var value = fields.get(key);
        if (!type.isInstance(value)) {
            throw misfit(key, value, what);
        }
        return type.cast(value);
    }

    private IllegalArgumentException misfit(String key, Object value, String what) {
        return new IllegalArgumentException(
                quote(key) + (has(key) ? " is " + told(value) : " is missing") + "; it must be " + what);
    }

    private static String told(Object value) {
        return value == null ? "null" : quote(String.valueOf(value));
    }
}
