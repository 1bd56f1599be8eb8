package ddpm.torch.natives;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "mount tables hold Unix paths")
class MountsTest {
    private static final List<String> TABLE = List.of(
            "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
            "30 22 0:25 / /home rw,nosuid,noexec,relatime shared:2 - ext4 /dev/vdb rw",
            "31 30 0:26 / /home/ada/fast\\040disk rw,relatime - ext4 /dev/vdc rw",
            "32 22 0:27 / /srv rw,noexec - tmpfs tmpfs rw",
            "33 32 0:28 / /srv rw - tmpfs tmpfs rw");

    @Test
    void noexecIsRefusedWithTheMountAndARemedy() throws IOException {
        IOException e =
                assertThrows(IOException.class, () -> Mounts.refuseNoexec(Path.of("/home/ada/.cache/ddpm"), TABLE));
        assertTrue(
                e.getMessage().contains("/home/ada/.cache/ddpm: the file system at /home is mounted noexec")
                        && e.getMessage().contains("DDPM_CACHE"),
                e.getMessage());
    }

    @Test
    void theInnermostMountDecides() throws IOException {
        assertDoesNotThrow(() -> Mounts.refuseNoexec(Path.of("/home/ada/fast disk/ddpm"), TABLE));
        assertDoesNotThrow(() -> Mounts.refuseNoexec(Path.of("/var/cache"), TABLE));
    }

    @Test
    void ofTwoMountsAtOnePointTheLaterCounts() throws IOException {
        assertDoesNotThrow(() -> Mounts.refuseNoexec(Path.of("/srv/ddpm"), TABLE));
    }

    @Test
    void aNameThatOnlyBeginsAlikeIsAnotherFolder() throws IOException {
        assertDoesNotThrow(() -> Mounts.refuseNoexec(Path.of("/homes/ada"), TABLE));
    }

    @Test
    void linksAreFollowedToTheFileSystemThatCounts(@TempDir Path temp) throws IOException {
        Path disk = Files.createDirectory(temp.toRealPath().resolve("disk"));
        Path link = Files.createSymbolicLink(temp.resolve("link"), disk);
        List<String> table = List.of(TABLE.getFirst(), "40 22 0:29 / " + disk + " rw,noexec - tmpfs tmpfs rw");
        IOException e =
                assertThrows(IOException.class, () -> Mounts.refuseNoexec(link.resolve("not/there/yet"), table));
        assertTrue(e.getMessage().contains("the file system at " + disk + " is mounted noexec"), e.getMessage());
        assertDoesNotThrow(() -> Mounts.refuseNoexec(temp.resolve("not/there/yet"), table));
    }
}
