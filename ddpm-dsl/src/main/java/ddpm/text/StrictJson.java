package ddpm.text;

import static ddpm.text.Untrusted.quote;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** JSON out of an untrusted file: valid UTF-8, no key twice, nesting within Jackson's limit, nothing after the value. */
public final class StrictJson {
    /** The longest header or index that is read, in bytes; the safetensors reference draws the same line. */
    public static final int MAX_BYTES = 100_000_000;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** Reads one JSON value from a parser that stands on its first token. */
    @FunctionalInterface
    public interface Reading<T> {
        T from(JsonParser json) throws IOException;
    }

    private StrictJson() {}

    /**
     * Reads one value.
     *
     * @param what the JSON's part in the file, for messages, e.g. {@code "the header"}
     * @throws JsonException if the text is not that one value
     */
    public static <T> T read(String what, ByteBuffer utf8, Reading<T> reading) throws IOException {
        try {
            return read(what, StandardCharsets.UTF_8.newDecoder().decode(utf8).toString(), reading);
        } catch (CharacterCodingException invalid) {
            throw new JsonException(what + " is not valid UTF-8; fetch or write the file again", invalid);
        }
    }

    /** Reads one value from decoded text, see {@link #read(String, ByteBuffer, Reading)}. */
    public static <T> T read(String what, String text, Reading<T> reading) throws IOException {
        try (var json = FACTORY.createParser(text)) {
            json.nextToken();
            T value = reading.from(json);
            if (json.nextToken() != null) {
                throw new JsonException(what + " goes on after its JSON object ends");
            }
            return value;
        } catch (JsonProcessingException invalid) {
            throw new JsonException(
                    what + " is not the JSON it must be: " + firstLine(invalid.getOriginalMessage())
                            + "; fetch or write the file again",
                    invalid);
        }
    }

    /**
     * Requires the parser to stand on {@code token}.
     *
     * @throws JsonException if it stands on another; the message begins with {@code what}
     */
    public static void expect(JsonParser json, JsonToken token, String what) throws JsonException {
        if (json.currentToken() != token) {
            throw new JsonException(what + " must be " + named(token) + " but is " + named(json.currentToken()));
        }
    }

    private static String named(JsonToken token) {
        return switch (token) {
            case null -> "missing";
            case START_OBJECT -> "a JSON object";
            case START_ARRAY -> "a JSON array";
            case VALUE_STRING -> "a string";
            case VALUE_NUMBER_INT -> "a whole number";
            case VALUE_NUMBER_FLOAT -> "a fraction";
            case VALUE_TRUE, VALUE_FALSE -> "true or false";
            case VALUE_NULL -> "null";
            default -> "something else";
        };
    }

    private static String firstLine(String message) {
        var line = message.lines().findFirst().orElse("unknown");
        var quoted = quote(line);
        return quoted.startsWith("'") && quoted.endsWith("'") ? quoted.substring(1, quoted.length() - 1) : quoted;
    }
}
