package ddpm.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsTest {
    @TempDir
    Path temp;

    private static StepMetrics step(long step) {
        return new StepMetrics(step, 0.125, 2.5, 2e-4, 100.5, 0.75, 3.5);
    }

    @Test
    void whatIsWrittenIsReadAgain() throws IOException {
        var file = temp.resolve("metrics.jsonl");
        var metrics = new Metrics(file, 0);
        var validation = new ValidationMetrics(2, 0.5, 0.25, List.of(0.75, 0.5, 0.25, 0.125), 64);
        metrics.add(step(1));
        metrics.add(step(2));
        metrics.add(validation);
        assertEquals(
                "{\"step\":1,\"loss\":0.125,\"gradientNorm\":2.5,\"learningRate\":2.0E-4,"
                        + "\"imagesPerSecond\":100.5,\"epoch\":0.75,\"seconds\":3.5}",
                Files.readAllLines(file).getFirst());
        var again = new Metrics(file, 2);
        assertEquals(List.of(step(1), step(2)), again.steps());
        assertEquals(List.of(validation), again.validations());
        assertEquals(3.5, again.seconds());
    }

    @Test
    void linesAfterTheStepAndHalfLinesAreCut() throws IOException {
        var file = temp.resolve("metrics.jsonl");
        var metrics = new Metrics(file, 0);
        for (int i = 1; i <= 4; i++) {
            metrics.add(step(i));
        }
        Files.writeString(file, "{\"step\":5,\"los", StandardOpenOption.APPEND);
        var again = new Metrics(file, 2);
        assertEquals(List.of(step(1), step(2)), again.steps());
        again.add(step(3));
        assertEquals(3, Files.readAllLines(file).size());
    }

    @Test
    void recordsThatTheDiskRefusesAreWrittenLater() throws IOException {
        var folder = Files.createDirectory(temp.resolve("gone"));
        var file = new AppendFile(folder.resolve("log"));
        file.append("a\n".getBytes());
        Files.delete(folder.resolve("log"));
        Files.createDirectory(folder.resolve("log")); // now it cannot be opened
        assertThrows(IOException.class, () -> file.append("b\n".getBytes()));
        Files.delete(folder.resolve("log"));
        Files.writeString(folder.resolve("log"), "a\n");
        file.append("c\n".getBytes());
        assertEquals("a\nb\nc\n", Files.readString(folder.resolve("log")));
    }
}
