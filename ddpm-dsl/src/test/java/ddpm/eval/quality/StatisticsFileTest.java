package ddpm.eval.quality;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.io.FileFormatException;
import ddpm.io.NpzFile;
import ddpm.testing.Golden;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StatisticsFileTest {
    @Test
    void theDistanceOfNumpysFilesIsTorchFidelitys(@TempDir Path folder) throws Exception {
        double expected = ((Number) JSON.std
                        .mapFrom(Files.readString(Golden.path("inception/measures.json")))
                        .get("fid_a_b"))
                .doubleValue();
        try (var a = StatisticsFile.read(Golden.path("inception/stats_a.npz"));
                var b = StatisticsFile.read(Golden.path("inception/stats_b_compressed.npz"))) {
            assertEquals(expected, FrechetDistance.between(a, b), 1e-6 * expected);
            var copy = folder.resolve("copy.npz");
            StatisticsFile.write(copy, b);
            try (var again = StatisticsFile.read(copy)) {
                assertEquals(expected, FrechetDistance.between(a, again), 1e-6 * expected);
            }
        }
    }

    @Test
    void otherArraysAreRefused(@TempDir Path folder) throws Exception {
        var arrays = new LinkedHashMap<>(NpzFile.read(Golden.path("inception/stats_a.npz")));
        var file = folder.resolve("wrong.npz");
        arrays.put("mu", arrays.get("sigma"));
        NpzFile.write(file, arrays);
        assertThrows(FileFormatException.class, () -> StatisticsFile.read(file));
        arrays.remove("mu");
        NpzFile.write(file, arrays);
        var e = assertThrows(FileFormatException.class, () -> StatisticsFile.read(file));
        assertTrue(e.getMessage().contains("[sigma]"), e.getMessage());
    }
}
