package ddpm.torch.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.ChildJvm;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What only shows between processes: waiting, racing, dying. */
@Timeout(120)
class NativeCacheProcessesTest {
    @TempDir
    private Path temp;

    @Test
    void ofTwoProcessesAtOnceExactlyOneUnpacks() throws Exception {
        Path jar = FakeNatives.usual()
                .with(FakeNatives.TORCH + "libtorch_cpu.so", new byte[32 << 20])
                .writeTo(temp.resolve("all.jar"));
        ChildJvm first = start(jar);
        ChildJvm second = start(jar);
        String both = first.outputOfSuccess() + second.outputOfSuccess();
        Path folder = natives().resolve(FakeNatives.find(jar).key());
        assertEquals(1, occurrences(both, "Unpacking libtorch"), both);
        assertEquals(2, occurrences(both, "folder " + folder), both);
        assertEquals(List.of(), leftovers());
    }

    @Test
    void aProcessWaitsForTheOneThatUnpacksAndSaysSo() throws Exception {
        Path jar = FakeNatives.usual().writeTo(temp.resolve("all.jar"));
        Files.createDirectories(natives());
        ChildJvm child;
        try (FileChannel channel = FileChannel.open(
                        natives().resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = channel.lock()) {
            assertTrue(held.isValid());
            child = start(jar);
            byte[] line = child.process().getInputStream().readNBytes("Another process".length());
            assertEquals("Another process", new String(line));
            assertTrue(child.process().isAlive());
        }
        String rest = child.outputOfSuccess();
        assertTrue(rest.startsWith(" is unpacking libtorch; waiting for it"), rest);
        assertEquals(1, occurrences(rest, "Unpacking libtorch"), rest);
    }

    @Test
    void aProcessKilledInTheMiddleLeavesNothingThatCounts() throws Exception {
        Path jar = FakeNatives.usual()
                .with(FakeNatives.TORCH + "libtorch_cpu.so", new byte[256 << 20])
                .writeTo(temp.resolve("all.jar"));
        ChildJvm child = start(jar);
        while (leftovers().isEmpty() && child.process().isAlive()) {
            Thread.sleep(1);
        }
        child.process().destroyForcibly().waitFor();
        BundledNatives bundle = FakeNatives.find(jar);
        assertFalse(Files.exists(natives().resolve(bundle.key())), "the kill came too late to test anything");
        assertFalse(leftovers().isEmpty(), "the kill came too early to test anything");

        Path folder = new NativeCache(temp.resolve("cache")).folder(bundle, line -> {});
        assertEquals(256 << 20, Files.size(folder.resolve("libtorch_cpu.so")));
        assertEquals(List.of(), leftovers());
    }

    private ChildJvm start(Path jar) throws IOException {
        return ChildJvm.start(
                List.of("-Xmx64m", "-XX:TieredStopAtLevel=1"),
                UnpackFakeNatives.class.getName(),
                temp.resolve("cache").toString(),
                jar.toString());
    }

    private Path natives() {
        return temp.resolve("cache").resolve("natives");
    }

    private List<Path> leftovers() throws IOException {
        if (!Files.isDirectory(natives())) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(natives())) {
            return entries.filter(entry -> entry.toString().contains(".part-")).toList();
        }
    }

    private static int occurrences(String text, String part) {
        return text.split(java.util.regex.Pattern.quote(part), -1).length - 1;
    }
}
