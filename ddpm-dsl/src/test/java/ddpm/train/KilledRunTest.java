package ddpm.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KilledRunTest {
    private static final int KILLS = 20;
    private static final int MOST_MILLIS = 150;

    @TempDir
    Path temp;

    @Test
    void twentyKillsAtRandomMomentsLoseNothingAndAlterNoBit() throws Exception {
        var killed = temp.resolve("killed");
        var random = new Random(1);
        long made = 0;
        for (int i = 0; i < KILLS; i++) {
            long reached = trainAndKill(killed, random.nextInt(MOST_MILLIS));
            assertTrue(reached > made, "kill " + i + ": from step " + made + " to " + reached);
            made = reached;
        }
        var notes = new ArrayList<String>();
        var observer = new RunObserver() {
            @Override
            public void note(String line) {
                notes.add(line);
            }
        };
        long steps;
        float[] weights;
        try (var run = TrainingRun.open(killed, Tiny.recipe(1_000_000), Tiny.plan(1), observer)) {
            steps = run.trainer().step();
        }
        assertTrue(steps >= made, steps + " of " + made);
        assertEquals(1, notes.size(), "no checkpoint was damaged: " + notes);
        try (var run = TrainingRun.open(killed, Tiny.recipe(steps + 2), Tiny.plan(1), RunObserver.SILENT)) {
            assertEquals(TrainingRun.Outcome.FINISHED, run.run());
            weights = run.trainer().model().params().flat().toFloats();
        }
        try (var run = TrainingRun.open(
                temp.resolve("whole"), Tiny.recipe(steps + 2), Tiny.plan(1_000_000), RunObserver.SILENT)) {
            run.run();
            assertArrayEquals(run.trainer().model().params().flat().toFloats(), weights);
        }
        var lines = Files.readAllLines(killed.resolve("metrics.jsonl"));
        var logged = lines.stream()
                .map(line -> line.replaceAll(".*\"step\":(\\d+).*", "$1"))
                .toList();
        assertEquals(logged.stream().distinct().toList(), logged);
        try (var files = Files.walk(killed)) {
            assertEquals(0, files.filter(f -> f.toString().endsWith(".part")).count());
        }
    }

    /** The last step that the process said it had saved. */
    private static long trainAndKill(Path folder, int afterMillis) throws IOException, InterruptedException {
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        TrainUntilKilled.class.getName(),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            var last = out.readLine();
            assertNotNull(last, "the process ended before its first checkpoint");
            Thread.sleep(afterMillis);
            process.toHandle().destroyForcibly(); // Process's own method would close the stream as well
            for (String line; (line = out.readLine()) != null && line.matches("\\d+"); ) {
                last = line;
            }
            return Long.parseLong(last);
        } finally {
            process.destroyForcibly();
            assertTrue(process.waitFor(30, TimeUnit.SECONDS));
        }
    }
}
