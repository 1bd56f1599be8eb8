package ddpm.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The research programs of docs/examples run as they stand, small. */
class ExamplesTest {
    private static final Path EXAMPLES =
            Path.of(System.getProperty("ddpm.root", "..")).resolve("docs/examples");

    /** Each program's size in the test, and what its last line must say. */
    private static final Map<String, List<String>> RUNS = Map.of(
            "TwoMoons.java", List.of("150", "1000 points are 0\\.[012].* from the moons on average"),
            "DiT.java", List.of("4", "708208 parameters, loss [01]\\.\\d+: discs.png"),
            "Heun.java", List.of("3", "ten digits in 6 evaluations: heun.png"),
            "RePaint.java", List.of("3", "a three, its upper half, .*: repaint.png"),
            "FlowMatching.java", List.of("30", "eight bars in 50 steps of Euler: flow.png"),
            "Lora.java", List.of("4", "\\d+ adapted numbers of 1114209: lora.png"),
            "OwnData.java", List.of("12", "FINISHED after 12 steps"));

    static List<String> programs() {
        return new ArrayList<>(new TreeSet<>(RUNS.keySet()));
    }

    @Test
    void everyExampleIsRun() throws Exception {
        try (var files = Files.list(EXAMPLES)) {
            assertEquals(
                    RUNS.keySet(),
                    files.map(file -> file.getFileName().toString())
                            .filter(name -> name.endsWith(".java"))
                            .collect(Collectors.toSet()));
        }
    }

    @ParameterizedTest
    @MethodSource("programs")
    void theProgramRuns(String program, @TempDir Path folder) throws Exception {
        var log = folder.resolve("log");
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Djava.awt.headless=true",
                        "-cp",
                        System.getProperty("java.class.path"),
                        EXAMPLES.toAbsolutePath().resolve(program).toString(),
                        RUNS.get(program).getFirst())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean ended = process.waitFor(180, TimeUnit.SECONDS);
        process.destroyForcibly();
        var lines = Files.readAllLines(log);
        assertTrue(ended, () -> program + " did not end within 180 s:\n" + String.join("\n", lines));
        assertEquals(0, process.exitValue(), () -> String.join("\n", lines));
        assertTrue(lines.getLast().matches(RUNS.get(program).getLast()), () -> String.join("\n", lines));
        for (var picture : new File(folder.toString()).listFiles((_, name) -> name.endsWith(".png"))) {
            assertTrue(picture.length() > 100, picture + " is empty");
        }
    }
}
