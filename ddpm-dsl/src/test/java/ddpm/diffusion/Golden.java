package ddpm.diffusion;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.testing.NpyFile;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;

/** Recorded numbers of other projects; src/test/resources/golden/README.md says whose. */
final class Golden {
    private Golden() {}

    static NpyFile npy(String name) throws IOException {
        return NpyFile.read(ddpm.testing.Golden.path(name));
    }

    static List<Map<String, Object>> rows(String name) throws IOException {
        var rows = JSON.std.listFrom(Files.readString(ddpm.testing.Golden.path(name)));
        return rows.stream().map(Golden::row).toList();
    }

    @SuppressWarnings("unchecked") // JSON objects have string keys
    private static Map<String, Object> row(Object row) {
        return (Map<String, Object>) row;
    }

    /** Every entry within {@code relative} of the expected one's size. */
    static void assertClose(double[] expected, double[] actual, double relative, String what) {
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], Math.abs(expected[i]) * relative, what + "[" + i + "]");
        }
    }
}
