package ddpm.torch.natives;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class NativeCacheTest {
    @TempDir
    private Path temp;

    private final List<String> said = new ArrayList<>();
    private Path root;
    private BundledNatives bundle;

    @BeforeEach
    void bundle() throws IOException {
        root = temp.resolve("cache");
        bundle = FakeNatives.find(FakeNatives.usual().writeTo(temp.resolve("all.jar")));
    }

    private Path folder() throws IOException {
        return new NativeCache(root).folder(bundle, said::add);
    }

    @Test
    void unpacksEveryLibraryFlatIntoOneFolderAndSaysSoOnce() throws IOException {
        Path folder = folder();
        assertEquals(root.resolve("natives").resolve(bundle.key()), folder);
        assertEquals(6, count(folder));
        assertArrayEquals(FakeNatives.bytes(300_000, 2), Files.readAllBytes(folder.resolve("libtorch_cpu.so")));
        assertArrayEquals(FakeNatives.bytes(500, 3), Files.readAllBytes(folder.resolve("libgomp.so.1")));
        assertEquals(List.of("Unpacking libtorch (linux-fake, 1 MB) into " + folder + ", once"), said);
        assertEquals(List.of(".lock", bundle.key()), names(root.resolve("natives")));
    }

    @Test
    void aSecondStartWritesNothingAndIsSilent() throws IOException {
        FileTime first = Files.getLastModifiedTime(folder().resolve("libc10.so"));
        Files.delete(root.resolve("natives/.lock"));
        said.clear();
        assertEquals(first, Files.getLastModifiedTime(folder().resolve("libc10.so")));
        assertEquals(List.of(), said);
        assertFalse(Files.exists(root.resolve("natives/.lock")));
    }

    @Test
    void aMissingFileHeals() throws IOException {
        Files.delete(folder().resolve("libopenblas.so.0"));
        assertArrayEquals(FakeNatives.bytes(2000, 7), Files.readAllBytes(folder().resolve("libopenblas.so.0")));
        assertEquals(2, said.size());
        assertEquals(List.of(".lock", bundle.key()), names(root.resolve("natives")));
    }

    @Test
    void aTruncatedFileHeals() throws IOException {
        Files.write(folder().resolve("libtorch_cpu.so"), new byte[17]);
        assertEquals(300_000, Files.size(folder().resolve("libtorch_cpu.so")));
        assertEquals(List.of(".lock", bundle.key()), names(root.resolve("natives")));
    }

    @Test
    void leftoversOfDeadProcessesAreRemoved() throws IOException {
        Path natives = Files.createDirectories(root.resolve("natives"));
        Files.write(
                Files.createDirectory(natives.resolve("other-key.part-1-ff")).resolve("libc10.so"), new byte[9]);
        Files.createDirectory(natives.resolve("other-key.old-x"));
        folder();
        assertEquals(List.of(".lock", bundle.key()), names(natives));
    }

    @Test
    void damageInsideIsFoundAfterAProcessThatVanished() throws Exception {
        Path library = folder().resolve("libtorch_cpu.so");
        byte[] right = Files.readAllBytes(library);
        byte[] rotten = right.clone();
        rotten[150_000] ^= 1;
        Files.write(library, rotten);
        folder();
        assertArrayEquals(rotten, Files.readAllBytes(library), "without a reason contents are not compared");

        Process gone = new ProcessBuilder("true").start();
        gone.waitFor();
        Path mark = root.resolve("natives").resolve(bundle.key() + ".used-by-" + gone.pid());
        Files.write(mark, new byte[0]);
        said.clear();
        folder();
        assertArrayEquals(right, Files.readAllBytes(library));
        assertEquals(1, said.size(), said::toString);
        assertFalse(Files.exists(mark), "the mark has done its work");
    }

    @Test
    void aMarkAloneCostsAComparisonAndNothingElse() throws Exception {
        Path folder = folder();
        FileTime first = Files.getLastModifiedTime(folder.resolve("libc10.so"));
        Path own = root.resolve("natives")
                .resolve(bundle.key() + ".used-by-" + ProcessHandle.current().pid());
        Files.write(own, new byte[0]); // as a container leaves it, whose program is always number 1
        said.clear();
        assertEquals(folder, folder());
        assertEquals(first, Files.getLastModifiedTime(folder.resolve("libc10.so")));
        assertEquals(List.of(), said);
        assertFalse(Files.exists(own));
    }

    @Test
    void theMarkOfARunningProcessIsNoReason() throws Exception {
        Path folder = folder();
        Path mark = root.resolve("natives")
                .resolve(bundle.key() + ".used-by-"
                        + ProcessHandle.current().parent().orElseThrow().pid());
        Files.write(mark, new byte[0]);
        assertEquals(folder, folder());
        assertTrue(Files.exists(mark));
    }

    @Test
    void anotherVersionsFolderStays() throws IOException {
        Path other = Files.createDirectories(root.resolve("natives/linux-fake-0123456789abcdef"));
        folder();
        assertTrue(Files.isDirectory(other));
    }

    @Test
    void aDamagedJarIsNamedAndNothingIsLeft() throws IOException {
        // The central directory, which is read first, stays as it was; the compressed data does not.
        Path jar = temp.resolve("all.jar");
        byte[] bytes = Files.readAllBytes(jar);
        bytes[bytes.length / 2] ^= 1;
        Files.write(jar, bytes);
        bundle = FakeNatives.find(jar);
        IOException e = assertThrows(IOException.class, this::folder);
        assertTrue(
                e.getMessage().contains("all.jar is damaged: " + FakeNatives.TORCH + "libtorch_cpu.so")
                        && e.getMessage().contains("download or build that jar again"),
                e.getMessage());
        assertEquals(List.of(".lock"), names(root.resolve("natives")));
    }

    @Test
    void aRootThatIsAFileIsRefusedWithTheRemedy() throws IOException {
        Files.write(root, new byte[] {1});
        assertRefused(root + " is a file, not a folder");
    }

    @Test
    void aRootBelowAFileIsRefusedWithTheRemedy() throws IOException {
        root = Files.write(temp.resolve("file"), new byte[] {1}).resolve("below");
        assertRefused(temp.resolve("file") + " is a file, not a folder");
    }

    /** Not by permissions: tests may run as root, whom they do not stop. */
    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "needs a folder in which nobody may create anything")
    void aRootThatCannotBeWrittenIsRefusedWithTheRemedy() {
        root = Path.of("/proc/self/ddpm");
        IOException e = assertThrows(IOException.class, this::folder);
        assertTrue(e.getMessage().contains("/proc/self/ddpm") && e.getMessage().contains("DDPM_CACHE"), e.getMessage());
    }

    @Test
    void aDiskThatIsTooFullIsRefusedWithBothNumbersBeforeAnythingIsWritten() throws IOException {
        BundledNatives.Library first = bundle.libraries().getFirst();
        long huge = Long.MAX_VALUE / 2;
        bundle = new BundledNatives(
                FakeNatives.PLATFORM,
                List.of(new BundledNatives.Library(first.name(), first.jar(), first.entry(), huge, first.crc())));
        IOException e = assertThrows(IOException.class, this::folder);
        assertTrue(
                e.getMessage()
                        .matches("(?s).*too full \\(" + huge + " bytes are needed, \\d+ bytes are free.*DDPM_CACHE.*"),
                e.getMessage());
        assertEquals(List.of(), said);
        assertEquals(List.of(".lock"), names(root.resolve("natives")));
    }

    @Test
    void anInterruptedThreadStopsWithItsFlagSetAndLeavesNothing() throws IOException {
        Thread.currentThread().interrupt();
        IOException e = assertThrows(IOException.class, this::folder);
        assertTrue(Thread.interrupted(), "the interrupt was swallowed");
        assertTrue(e.getMessage().contains("Cannot unpack libtorch"), e.getMessage());
        Path natives = root.resolve("natives");
        assertFalse(Files.exists(natives.resolve(bundle.key())));
        assertEquals(bundle.key(), folder().getFileName().toString());
    }

    @Test
    void ofThreadsAtOnceExactlyOneUnpacks() throws Exception {
        List<String> lines = Collections.synchronizedList(said);
        Callable<Path> start = () -> new NativeCache(root).folder(bundle, lines::add);
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (Future<Path> folder : threads.invokeAll(Collections.nCopies(4, start))) {
                assertEquals(root.resolve("natives").resolve(bundle.key()), folder.get());
            }
        }
        assertEquals(
                1, said.stream().filter(line -> line.startsWith("Unpacking")).count(), said::toString);
        assertEquals(List.of(".lock", bundle.key()), names(root.resolve("natives")));
    }

    private void assertRefused(String reason) {
        IOException e = assertThrows(IOException.class, this::folder);
        assertTrue(
                e.getMessage().contains(reason)
                        && e.getMessage().contains("Set DDPM_CACHE (or -Dddpm.cache=...)")
                        && e.getMessage().contains(bundle.totalSize() + " bytes are needed"),
                e.getMessage());
    }

    private static long count(Path folder) throws IOException {
        return names(folder).size();
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }
}
