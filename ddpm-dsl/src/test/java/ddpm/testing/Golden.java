package ddpm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Reference files made with public DDPM code and PyTorch, under {@code src/test/resources/golden}. */
public final class Golden {
    private Golden() {}

    /** The file or folder at this path below {@code golden/}. */
    public static Path path(String relative) {
        var resource = Golden.class.getResource("/golden/" + relative);
        if (resource == null) {
            throw new IllegalArgumentException("no reference file golden/" + relative + " on the class path");
        }
        try {
            return Path.of(resource.toURI());
        } catch (URISyntaxException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    public static NpyFile npy(String name) throws IOException {
        return NpyFile.read(path(name));
    }

    public static List<Map<String, Object>> rows(String name) throws IOException {
        var rows = JSON.std.listFrom(Files.readString(path(name)));
        return rows.stream().map(Golden::row).toList();
    }

    @SuppressWarnings("unchecked") // JSON objects have string keys
    private static Map<String, Object> row(Object row) {
        return (Map<String, Object>) row;
    }

    /** Every entry within {@code relative} of the expected one's size. */
    public static void assertClose(double[] expected, double[] actual, double relative, String what) {
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], Math.abs(expected[i]) * relative, what + "[" + i + "]");
        }
    }
}
