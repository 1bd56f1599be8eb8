package ddpm.io;

import static ddpm.text.Untrusted.quote;

import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * The fields of another project's JSON configuration. A field that is absent has the default of the class that wrote it;
 * one of the wrong type is refused by name.
 */
final class JsonFields {
    private final Path file;
    private final Map<String, Object> fields;
    private final Set<String> asked = new HashSet<>();

    private JsonFields(Path file, Map<String, Object> fields) {
        this.file = file;
        this.fields = fields;
    }

    static JsonFields read(Path file) throws IOException {
        try (var bytes = FileBytes.open(file)) {
            if (bytes.size() > StrictJson.MAX_BYTES) {
                throw bytes.bad("has " + bytes.size() + " bytes; a configuration may have " + StrictJson.MAX_BYTES);
            }
            var text = bytes.copy(0, (int) bytes.size());
            return new JsonFields(file, StrictJson.read(file, "the configuration", text, json -> {
                StrictJson.expect(json, JsonToken.START_OBJECT, file, "the configuration");
                return JSON.std.mapFrom(json);
            }));
        }
    }

    Set<String> keys() {
        return fields.keySet();
    }

    /** Fields with a value that nothing has asked for, but for a library's own remarks, which begin with {@code _}. */
    SequencedSet<String> unread() {
        var unread = new TreeSet<String>();
        fields.forEach((key, value) -> {
            if (value != null && !key.startsWith("_") && !asked.contains(key)) {
                unread.add(key);
            }
        });
        return unread;
    }

    boolean isAbsent(String key) {
        asked.add(key);
        return !fields.containsKey(key);
    }

    boolean isNull(String key) {
        asked.add(key);
        return fields.containsKey(key) && fields.get(key) == null;
    }

    int integer(String key, int orElse) throws FileFormatException {
        return get(key, Integer.class, "a whole number", orElse);
    }

    double number(String key, double orElse) throws FileFormatException {
        return get(key, Number.class, "a number", orElse).doubleValue();
    }

    boolean flag(String key, boolean orElse) throws FileFormatException {
        return get(key, Boolean.class, "true or false", orElse);
    }

    String text(String key, String orElse) throws FileFormatException {
        return get(key, String.class, "a string", orElse);
    }

    <T> List<T> list(String key, Class<T> type, List<T> orElse) throws FileFormatException {
        var list = new ArrayList<T>();
        for (var element : get(key, List.class, "a list", orElse)) {
            if (!type.isInstance(element)) {
                throw bad(key, "holds " + told(element) + ", not a " + type.getSimpleName());
            }
            list.add(type.cast(element));
        }
        return list;
    }

    /**
     * Refuses a field unless it is absent or one of these.
     *
     * @param allowed values as JSON has them, null among them where that is allowed
     */
    void require(String key, Object... allowed) throws FileFormatException {
        asked.add(key);
        if (fields.containsKey(key) && !Arrays.asList(allowed).contains(fields.get(key))) {
            throw bad(
                    key,
                    "is " + told(fields.get(key)) + "; supported is "
                            + String.join(
                                    " or ",
                                    Arrays.stream(allowed).map(JsonFields::told).toList()));
        }
    }

    private <T> T get(String key, Class<T> type, String what, T orElse) throws FileFormatException {
        asked.add(key);
        var value = fields.containsKey(key) ? fields.get(key) : orElse;
        if (!type.isInstance(value)) {
            throw bad(key, "is " + told(value) + ", not " + what);
        }
        return type.cast(value);
    }

    FileFormatException bad(String key, String problem) {
        return new FileFormatException(file, quote(key) + " " + problem);
    }

    private static String told(Object value) {
        return value instanceof String text
                ? quote(text)
                : quote(String.valueOf(value)).replace("'", "");
    }
}
