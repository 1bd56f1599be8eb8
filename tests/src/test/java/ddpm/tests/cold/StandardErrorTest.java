package ddpm.tests.cold;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ddpm.tests.ChildJvm;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** libtorch's own warnings would pass by a quiet program and tear its progress bar. */
class StandardErrorTest {
    @TempDir
    private Path folder;

    @Test
    void trainingWritesNothingToStandardError() throws Exception {
        var ended = ChildJvm.run(
                ChildJvm.java(), ChildJvm.onThisClassPath(), List.of(TrainOnce.class.getName()), folder, Map.of());
        assertEquals(0, ended.status(), ended::toString);
        assertEquals("done\n", ended.out());
        assertEquals("", ended.err());
    }
}
