package ddpm.torch.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The real natives, unpacked into an empty cache and used by JavaCPP in a JVM that has never seen them: the case in which
 * JavaCPP left alone ends the JVM.
 */
@Timeout(300)
@EnabledOnOs(value = OS.LINUX, disabledReason = "/proc/self/maps tells which copies were loaded")
class JavaCppColdStartTest {
    @TempDir
    private static Path temp;

    private static Path folder;

    @BeforeAll
    static void unpack() throws IOException {
        BundledNatives real =
                BundledNatives.find(BundledNatives.class.getClassLoader()).orElseThrow();
        List<String> said = new ArrayList<>();
        folder = new NativeCache(temp.resolve("cache")).folder(real, said::add);
        assertEquals(1, said.size(), said::toString);
        assertEquals(folder, new NativeCache(temp.resolve("cache")).folder(real, said::add));
        assertEquals(1, said.size(), said::toString);
    }

    /** JavaCPP links to a CUDA toolkit where one is installed, and JUnit warns of links that lead out of its folder. */
    @AfterAll
    static void removeLinks() throws IOException {
        try (Stream<Path> files = Files.walk(temp.resolve("cache"))) {
            for (Path link : files.filter(Files::isSymbolicLink).toList()) {
                Files.delete(link);
            }
        }
    }

    @Test
    void javaCppRunsOnTheUnpackedLibrariesAlone() throws Exception {
        assertRuns(temp.resolve("cold"), List.of());
    }

    @Test
    void javaCppSharesTheLibrariesThatWereLoadedBefore() throws Exception {
        assertRuns(
                temp.resolve("loaded"),
                List.of(),
                "libquadmath.so.0",
                "libgfortran.so.5",
                "libopenblas.so.0",
                "libgomp.so.1",
                "libc10.so",
                "libtorch_cpu.so");
    }

    @Test
    void noFolderOfTheUserNeedsToBeWritable() throws Exception {
        assertRuns(
                temp.resolve("readonly"),
                List.of(
                        "-Duser.home=/proc/self",
                        "-Djava.io.tmpdir=/proc/self",
                        "-Dorg.bytedeco.javacpp.cachedir=/proc/self/javacpp"));
    }

    @Test
    void aLibtorchThatJavaCppLoadedItselfIsRefusedByFile(@TempDir Path other) throws Exception {
        Path library = folder.resolve("libquadmath.so.0");
        String output = ChildJvm.start(
                        List.of(), MeetAnotherLibtorch.class.getName(), library.toString(), other.toString())
                .outputOfSuccess();
        assertTrue(output.contains("refused: JavaCPP has already loaded " + library), output);
    }

    private static void assertRuns(Path home, List<String> options, String... loadedFirst)
            throws IOException, InterruptedException {
        Files.createDirectory(home);
        List<String> jvm = new ArrayList<>(List.of("-Duser.home=" + home));
        jvm.addAll(options);
        List<String> arguments = new ArrayList<>(List.of(folder.toString()));
        arguments.addAll(List.of(loadedFirst));
        String output = ChildJvm.start(jvm, UseJavaCpp.class.getName(), arguments.toArray(String[]::new))
                .outputOfSuccess();
        assertTrue(output.contains("sum 12.0\n"), output);
        assertTrue(output.contains("mapped " + folder.resolve("libjnitorch.so")), output);
        assertTrue(output.contains("left null"), output);
        assertTrue(output.contains("refused: JavaCPP already runs on the libtorch in " + folder), output);
        assertFalse(output.contains("Warning"), output);
        for (String line : output.lines().toList()) {
            if (line.startsWith("mapped ") && !line.contains("cudart")) {
                assertTrue(line.startsWith("mapped " + folder + "/"), () -> "a second copy: " + line);
            }
        }
        try (Stream<Path> touched = Files.list(home)) {
            assertEquals(List.of(), touched.toList(), "the user's home was written to");
        }
    }
}
