package ddpm.tests.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ddpm.tests.ChildJvm;
import ddpm.torch.LibTorch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The archive from which the program starts sooner: made beside the first command, used by the next, never trusted. */
@EnabledOnOs(OS.LINUX)
class StartArchiveIT {
    private static final String[] SAMPLE = {"sample", "--steps", "1", "--count", "1", "--seed", "7", "--out", "a.png"};

    @TempDir
    private Path folder;

    private Path starts;
    private Jar jar;

    @Test
    void theFirstCommandMakesItAndADamagedOneIsNotUsed() throws Exception {
        var cache = Files.createDirectory(folder.resolve("cache"));
        // the libraries that are unpacked already: what is tested here is not their unpacking
        Files.createSymbolicLink(
                cache.resolve("natives"), LibTorch.load().folder().getParent());
        starts = cache.resolve("starts");
        jar = new Jar(ChildJvm.java(), folder);

        assertEquals("", archiveUsedBy("first"), "there was none yet");
        var made = awaitArchive();
        var picture = Files.readAllBytes(folder.resolve("a.png"));
        assertEquals(made.toString(), archiveUsedBy("second"));
        assertArrayEquals(picture, Files.readAllBytes(folder.resolve("a.png")));

        var key = made.getFileName().toString().split("-")[0];
        Files.createFile(starts.resolve(key + ".part")); // as if another process were making one: none is begun here
        var bytes = Files.readAllBytes(made);
        bytes[bytes.length / 2] ^= 1;
        Files.write(made, bytes);
        assertEquals("", archiveUsedBy("third"), "a damaged archive was used");
        assertFalse(Files.exists(made), "a damaged archive was left");

        delete(starts);
        Files.writeString(starts, "a file where the folder should be");
        assertEquals("", archiveUsedBy("fourth"));
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.newDirectoryStream(folder)) {
            for (var file : files) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    /** Runs a command and reads from the JVM's own log which archive it opened. */
    private String archiveUsedBy(String name) throws Exception {
        var log = folder.resolve(name + ".log");
        var ended = jar.run(
                Map.of(
                        "DDPM_CACHE",
                        folder.resolve("cache").toString(),
                        "DDPM_START_ARCHIVE",
                        "on",
                        "JAVA_TOOL_OPTIONS",
                        "-Xlog:aot=info,class+path=info:file=" + log + ".%p"),
                SAMPLE);
        assertEquals(0, ended.status(), ended::toString);
        assertFalse(ended.err().contains("rror"), ended::toString);
        try (var logs = Files.newDirectoryStream(folder, name + ".log.*")) {
            for (var each : logs) {
                var opened = Files.readAllLines(each).stream()
                        .filter(line -> line.contains("Opened AOT cache") && line.contains(starts.toString()))
                        .findFirst();
                if (opened.isPresent()) {
                    var line = opened.get();
                    return line.substring(line.indexOf(starts.toString()), line.indexOf(".aot") + 4);
                }
            }
        }
        return "";
    }

    /** The archive, once it is there and whoever made it has tidied up. */
    private Path awaitArchive() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + 120_000_000_000L;
        while (System.nanoTime() < deadline) {
            try (var found = Files.newDirectoryStream(starts, "*.aot")) {
                var archive = found.iterator();
                if (archive.hasNext() && count(starts) == 1) {
                    return archive.next();
                }
            }
            Thread.sleep(200);
        }
        try (var left = Files.list(starts)) {
            throw new AssertionError("no archive after two minutes; there are " + left.toList());
        }
    }

    private static long count(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.count();
        }
    }
}
