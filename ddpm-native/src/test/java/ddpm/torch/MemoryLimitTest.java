package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryLimitTest {
    @TempDir
    Path folder;

    private OptionalLong limit(String membership) throws IOException {
        return MemoryLimit.bytes(Files.writeString(folder.resolve("cgroup"), membership), folder);
    }

    private void group(String path, String file, String text) throws IOException {
        Files.writeString(Files.createDirectories(folder.resolve(path)).resolve(file), text);
    }

    @Test
    void theSmallestOfAGroupAndThoseAboveItCounts() throws IOException {
        group("a/b", "memory.max", "max\n");
        assertEquals(OptionalLong.empty(), limit("0::/a/b\n"));
        group("a", "memory.max", "600000000\n");
        assertEquals(OptionalLong.of(600_000_000), limit("0::/a/b\n"));
        group("a/b", "memory.max", "500000000\n");
        assertEquals(OptionalLong.of(500_000_000), limit("0::/a/b\n"));
    }

    @Test
    void versionOneIsReadLikeVersionTwo() throws IOException {
        group("memory/x", "memory.limit_in_bytes", "9223372036854771712\n");
        assertEquals(OptionalLong.empty(), limit("5:cpu:/\n4:memory:/x\n0::/\n"));
        group("memory/x", "memory.limit_in_bytes", "599998464\n");
        assertEquals(OptionalLong.of(599_998_464), limit("5:cpu:/\n4:hugetlb,memory:/x\n0::/\n"));
    }

    @Test
    void aContainerSeesItsOwnGroupAtTheMount() throws IOException {
        group("memory", "memory.limit_in_bytes", "1000\n");
        assertEquals(OptionalLong.of(1000), limit("4:memory:/docker/of-the-host\n"));
        group("", "memory.max", "900\n");
        assertEquals(OptionalLong.of(900), limit("0::/../outside\n0::/\n"));
    }

    @Test
    void whereNobodySaysThereIsNone() throws IOException {
        assertEquals(OptionalLong.empty(), MemoryLimit.bytes(folder.resolve("absent"), folder));
        assertEquals(OptionalLong.empty(), limit("nonsense\n"));
    }
}
