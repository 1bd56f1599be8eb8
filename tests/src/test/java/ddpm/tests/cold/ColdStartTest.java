package ddpm.tests.cold;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.tests.ChildJvm;
import ddpm.torch.LibTorch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * First starts on a machine that has never seen libtorch: every cache is empty, ours and JavaCPP's, in a fresh JVM. Left
 * alone, JavaCPP ends such a JVM with SIGSEGV, and not every time in the same place, hence ten of them.
 */
class ColdStartTest {
    @TempDir
    private static Path temp;

    @ParameterizedTest
    @CsvSource({
        "0, plain", "1, cpp-first", "2, plain", "3, cpp-after", "4, plain",
        "5, cpp-first", "6, plain", "7, cpp-after", "8, plain", "9, cpp-first"
    })
    void aFirstStartSucceeds(int number, String use) throws Exception {
        var home = Files.createDirectory(temp.resolve("home" + number));
        var cache = home.resolve("cache");
        Map<String, String> environment = new HashMap<>();
        environment.put("HOME", home.toString());
        environment.put("DDPM_CACHE", cache.toString());
        environment.put(LibTorch.VARIABLE, null);
        try {
            var options = Stream.concat(
                            Stream.of("-Duser.home=" + home, "-Djava.io.tmpdir=" + home),
                            ChildJvm.onThisClassPath().stream())
                    .toList();
            var ended =
                    ChildJvm.run(ChildJvm.java(), options, List.of(FirstUse.class.getName(), use), home, environment);
            assertEquals(0, ended.status(), ended::toString);
            assertTrue(ended.out().contains("ours 14.0 6.0"), ended::toString);
            assertEquals(!use.equals("plain"), ended.out().contains("theirs 6.0"), ended::toString);
            assertTrue(Files.isDirectory(cache), "nothing was unpacked into " + cache + ", so this was no cold start");
            assertFalse(Files.exists(home.resolve(".javacpp")), "JavaCPP unpacked a second libtorch");
        } finally {
            delete(home); // 300 MB each
        }
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
