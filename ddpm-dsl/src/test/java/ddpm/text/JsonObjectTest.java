package ddpm.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class JsonObjectTest {
    private static JsonObject json() {
        try {
            return JsonObject.parse("the text", """
                    {"format": "mine 2", "text": "a\\u001b[2Jb", "flag": true, "half": 0.5, "two": 2.0, "large": 5000000000,
                     "huge": 1e300, "unit": "DAYS", "none": null, "list": [1, 2], "mixed": [1, "x"],
                     "object": {"a": "1", "b": "2"}}
                    """);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void fieldsComeByType() {
        var json = json();
        assertEquals("a\u001b[2Jb", json.text("text"));
        assertTrue(json.flag("flag"));
        assertEquals(0.5, json.number("half"));
        assertEquals(2, json.integer("two"));
        assertEquals(5_000_000_000L, json.whole("large"));
        assertEquals(TimeUnit.DAYS, json.choice("unit", TimeUnit.class));
        assertEquals(List.of(1, 2), json.list("list", Integer.class));
        assertEquals(Map.of("a", "1", "b", "2"), json.object("object").texts());
        assertTrue(json.has("none"));
        assertFalse(json.has("nothing"));
        json.requireFormat("mine 2");
    }

    static Stream<Arguments> misfits() {
        return Stream.of(
                misfit(json -> json.text("nothing"), "'nothing' is missing; it must be a string"),
                misfit(json -> json.text("none"), "'none' is null; it must be a string"),
                misfit(json -> json.text("flag"), "'flag' is true; it must be a string"),
                misfit(json -> json.flag("text"), "'text' is 'a\\u001b[2Jb'; it must be true or false"),
                misfit(json -> json.number("text"), "'text' is 'a\\u001b[2Jb'; it must be a number"),
                misfit(json -> json.whole("half"), "'half' is 0.5; it must be a whole number"),
                misfit(json -> json.integer("large"), "'large' is 5000000000; it must be a whole number below 2^31"),
                misfit(json -> json.integer("huge"), "'huge' is 1.0E300; it must be a whole number"),
                misfit(
                        json -> json.choice("text", TimeUnit.class),
                        "'text' is 'a\\u001b[2Jb'; it must be one of [NANOSECONDS, MICROSECONDS"),
                misfit(json -> json.object("list"), "'list' is [1, 2]; it must be an object"),
                misfit(json -> json.list("mixed", Integer.class), "'mixed' holds 'x'; all must be of the kind Integer"),
                misfit(
                        json -> json.requireFormat("mine 1"),
                        "its format is 'mine 2', and this version reads 'mine 1'"));
    }

    private static Arguments misfit(Consumer<JsonObject> asks, String message) {
        return Arguments.of(asks, message);
    }

    @ParameterizedTest
    @MethodSource("misfits")
    void aMisfitIsNamedWithWhatItIsAndMustBe(Consumer<JsonObject> asks, String message) {
        var refused = assertThrows(IllegalArgumentException.class, () -> asks.accept(json()));
        assertTrue(refused.getMessage().startsWith(message), refused.getMessage());
    }

    @Test
    void whatIsNoObjectIsNone() {
        assertThrows(IOException.class, () -> JsonObject.parse("the text", "[1]"));
        assertThrows(IOException.class, () -> JsonObject.parse("the text", "{"));
        assertThrows(IOException.class, () -> JsonObject.parse("the text", "null"));
        assertThrows(IOException.class, () -> JsonObject.parse("the text", "{\"a\": 1, \"a\": 2}"));
    }
}
