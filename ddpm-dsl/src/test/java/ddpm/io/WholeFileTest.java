package ddpm.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
    @TempDir
    Path folder;

    private static ByteBuffer text(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private List<String> names() throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void theOldFileStaysInPlaceUntilTheNewOneIsComplete() throws IOException {
        var file = Files.writeString(folder.resolve("f"), "old");
        var seenWhileWriting = new AtomicReference<String>();
        WholeFile.write(file, 3, out -> {
            out.write(text("ne"));
            seenWhileWriting.set(Files.readString(file));
            out.write(text("w"));
        });
        assertEquals("old", seenWhileWriting.get());
        assertEquals("new", Files.readString(file));
        assertEquals(List.of("f"), names());
    }

    @Test
    void aFailedWriteKeepsTheOldFileAndTellsBytesNeededAndFree() throws IOException {
        var file = Files.writeString(folder.resolve("f"), "old");
        var failed = assertThrows(
                IOException.class,
                () -> WholeFile.write(file, 123456, out -> {
                    out.write(text("half"));
                    throw new IOException("No space left on device");
                }));
        assertTrue(failed.getMessage().startsWith(file + ": not written: No space left on device; 123456 bytes"));
        assertTrue(failed.getMessage().matches("(?s).* and [0-9]+ bytes are free there.*"), failed.getMessage());
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("f"), names());
    }

    @Test
    void anUnknownLengthIsToldAsAtLeastWhatWasWritten() {
        var failed = assertThrows(
                IOException.class,
                () -> WholeFile.write(folder.resolve("f"), -1, out -> {
                    out.write(text("half"));
                    throw new IOException("disk failed");
                }));
        assertTrue(failed.getMessage().contains("at least 4 bytes are needed"), failed.getMessage());
    }

    @Test
    void aFailureInTheContentLeavesNothingBehind() throws IOException {
        assertThrows(
                IllegalStateException.class,
                () -> WholeFile.write(folder.resolve("f"), 1, out -> {
                    throw new IllegalStateException("bug");
                }));
        assertEquals(List.of(), names());
    }

    @Test
    void aFolderOrDeviceIsNotReplaced() {
        assertTrue(assertThrows(IOException.class, () -> WholeFile.write(folder, 0, out -> {}))
                .getMessage()
                .contains("not a file that can be replaced"));
        var device = Path.of("/dev/null");
        assumeTrue(Files.exists(device), "this system has no /dev/null");
        assertThrows(IOException.class, () -> WholeFile.write(device, 0, out -> {}));
    }

    @Test
    void aMissingFolderIsNamed() {
        var file = folder.resolve("missing/f");
        var failed = assertThrows(IOException.class, () -> WholeFile.write(file, 0, out -> {}));
        assertTrue(failed.getMessage().contains("there is no such folder"), failed.getMessage());
    }

    @Test
    void aSymbolicLinkIsWrittenThrough() throws IOException {
        var real = Files.writeString(folder.resolve("real"), "old");
        var link = folder.resolve("link");
        try {
            Files.createSymbolicLink(link, real);
        } catch (UnsupportedOperationException | IOException notHere) {
            assumeTrue(false, "this file system has no symbolic links");
        }
        WholeFile.write(link, 3, out -> out.write(text("new")));
        assertTrue(Files.isSymbolicLink(link));
        assertEquals("new", Files.readString(real));
    }

    @Test
    void aFolderAppearsWithAllItsFilesAndReplacesTheOld() throws IOException {
        var target = folder.resolve("f");
        WholeFile.folder(target, into -> {
            WholeFile.write(into.resolve("a"), "1");
            assertFalse(Files.exists(target));
        });
        WholeFile.folder(target, into -> {
            Files.createDirectory(into.resolve("sub"));
            WholeFile.write(into.resolve("sub/b"), "2");
            assertEquals("1", Files.readString(target.resolve("a")));
        });
        assertEquals("2", Files.readString(target.resolve("sub/b")));
        assertFalse(Files.exists(target.resolve("a")));
        assertEquals(List.of("f"), names());
    }

    @Test
    void aFolderThatCannotBeFilledChangesNothing() throws IOException {
        var target = Files.createDirectory(folder.resolve("f"));
        Files.writeString(target.resolve("old"), "old");
        WholeFile.Filling fails = into -> {
            WholeFile.write(into.resolve("new"), "new");
            throw new IOException("disk failed");
        };
        assertThrows(IOException.class, () -> WholeFile.folder(target, fails));
        assertEquals("old", Files.readString(target.resolve("old")));
        assertEquals(List.of("f"), names());
        assertThrows(IOException.class, () -> WholeFile.folder(target.resolve("old"), fails));
        assertThrows(IOException.class, () -> WholeFile.folder(folder.resolve("missing/f"), fails));
    }

    @Test
    void aNameOfFullLengthIsWritten() throws IOException {
        var file = folder.resolve("n".repeat(255));
        WholeFile.write(file, "text");
        assertEquals("text", Files.readString(file));
        var wide = folder.resolve("\u00fc".repeat(127)); // 254 bytes
        WholeFile.folder(wide, into -> WholeFile.write(into.resolve("a"), "1"));
        assertEquals(2, names().size());
    }

    @Test
    void whatCannotBeWrittenIsKnownBeforehand() throws IOException {
        var old = Files.writeString(folder.resolve("old"), "old");
        WholeFile.tryOut(old);
        WholeFile.tryOut(folder.resolve("n".repeat(255)));
        assertEquals("old", Files.readString(old));
        assertEquals(List.of("old"), names());
        var tooLong = folder.resolve("n".repeat(256));
        var refused = assertThrows(IOException.class, () -> WholeFile.tryOut(tooLong));
        assertTrue(refused.getMessage().startsWith(tooLong + ": cannot be written: File name too long"));
        assertThrows(IOException.class, () -> WholeFile.tryOut(folder));
        assertThrows(IOException.class, () -> WholeFile.tryOut(folder.resolve("missing/a")));
        assertEquals(List.of("old"), names());
    }

    @Test
    void deletingDoesNotFollowLinks() throws IOException {
        var kept = Files.writeString(folder.resolve("kept"), "kept");
        var tree = Files.createDirectory(folder.resolve("tree"));
        Files.createSymbolicLink(tree.resolve("link"), folder);
        WholeFile.delete(tree);
        WholeFile.delete(tree);
        assertTrue(Files.exists(kept));
        assertEquals(List.of("kept"), names());
    }
}
