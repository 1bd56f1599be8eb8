package ddpm.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.model.Model;
import ddpm.testing.TinyImages;
import ddpm.torch.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    @TempDir
    Path temp;

    private Model model;
    private Trainer trainer;
    private RunFolder folder;

    @BeforeEach
    void begin() {
        model = new Model(Tiny.cardWithDropout(), Device.CPU);
        trainer = new Trainer(model, new TinyImages(13), Tiny.config(4, 100, 2));
        trainer.initialise();
        folder = new RunFolder(temp);
    }

    @AfterEach
    void end() {
        trainer.close();
        model.close();
    }

    private void save(int steps, int keep) throws IOException {
        for (int i = 0; i < steps; i++) {
            trainer.train();
        }
        folder.save(trainer, "data", keep);
    }

    private List<String> names() throws IOException {
        try (var entries = Files.list(folder.checkpoints())) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }

    private long newest(List<String> damaged) throws IOException {
        return folder.newest(damaged::add).orElseThrow().step();
    }

    private static void flip(Path file, int at) throws IOException {
        var bytes = Files.readAllBytes(file);
        bytes[at < 0 ? bytes.length + at : at] ^= 4;
        Files.write(file, bytes);
    }

    /** A report without the seconds that were waited, which are a clock's. */
    private static StepReport unwaited(StepReport report) {
        return new StepReport(report.step(), report.loss(), report.gradientNorm(), report.learningRate(), 0);
    }

    @Test
    void aResumedTrainerGoesOnBitForBit() throws IOException {
        save(3, 2);
        try (var again = new Model(Tiny.cardWithDropout(), Device.CPU);
                var resumed = new Trainer(again, new TinyImages(13), trainer.config())) {
            var checkpoint = folder.newest(message -> {}).orElseThrow();
            assertEquals(trainer.config(), checkpoint.config());
            assertEquals("data", checkpoint.dataset());
            checkpoint.restore(resumed);
            for (int i = 0; i < 3; i++) {
                assertEquals(unwaited(trainer.train()), unwaited(resumed.train()));
            }
            assertArrayEquals(
                    model.params().flat().toFloats(), again.params().flat().toFloats());
            assertArrayEquals(trainer.ema().toFloats(), resumed.ema().toFloats());
            assertArrayEquals(
                    trainer.adam().firstMoments().toFloats(),
                    resumed.adam().firstMoments().toFloats());
            assertArrayEquals(
                    trainer.adam().secondMoments().toFloats(),
                    resumed.adam().secondMoments().toFloats());
        }
    }

    @Test
    void theNewestAreKept() throws IOException {
        for (int i = 0; i < 4; i++) {
            save(1, 2);
        }
        assertEquals(List.of("step-00000003", "step-00000004"), names());
    }

    @Test
    void stepsAreOrderedAsNumbers() throws IOException {
        save(1, 3);
        Files.move(
                folder.checkpoints().resolve("step-00000001"),
                folder.checkpoints().resolve("step-123456789"));
        save(1, 3);
        // The long name is of a later step than any made, so saving step 2 took it for a damaged one of before.
        assertEquals(List.of("step-00000002"), names());
    }

    @Test
    void anyFlippedBitIsFoundAndTheOneBeforeIsUsed() throws IOException {
        save(1, 5);
        save(1, 5);
        var newest = folder.checkpoints().resolve("step-00000002");
        for (var name : List.of(Checkpoint.MODEL, Checkpoint.RAW, Checkpoint.OPTIMIZER, Checkpoint.STATE)) {
            for (int at : new int[] {0, 40, 250, -3}) {
                flip(newest.resolve(name), at);
                var damaged = new ArrayList<String>();
                assertEquals(1, newest(damaged), name + " at " + at);
                assertEquals(1, damaged.size());
                assertTrue(damaged.getFirst().contains("step-00000002"), damaged.getFirst());
                flip(newest.resolve(name), at);
            }
        }
        assertEquals(2, newest(new ArrayList<>()));
    }

    @Test
    void aChangedStepInsideTheStateIsFound() throws IOException {
        save(1, 5);
        var state = folder.checkpoints().resolve("step-00000001").resolve(Checkpoint.STATE);
        Files.writeString(state, Files.readString(state).replace("\"step\" : 1", "\"step\" : 9"));
        assertThrows(IOException.class, () -> newest(new ArrayList<>()));
    }

    @Test
    void aStateThatIsNoneIsPassedOverForTheOneBefore() throws IOException {
        save(1, 5);
        save(1, 5);
        var state = folder.checkpoints().resolve("step-00000002").resolve(Checkpoint.STATE);
        for (var text :
                List.of("null", "[]", "\"a\"", "{}", " ".repeat(2 << 20), "{\"format\": null}", "\ud83d\ude00")) {
            Files.writeString(state, text);
            assertEquals(1, newest(new ArrayList<>()), text.strip());
        }
        Files.write(state, new byte[] {'"', (byte) 0xff, '"'});
        assertEquals(1, newest(new ArrayList<>()));
    }

    @Test
    void truncatedAndMissingFilesAreFound() throws IOException {
        save(1, 5);
        save(1, 5);
        var newest = folder.checkpoints().resolve("step-00000002");
        for (var name : List.of(Checkpoint.MODEL, Checkpoint.RAW, Checkpoint.OPTIMIZER, Checkpoint.STATE)) {
            var whole = Files.readAllBytes(newest.resolve(name));
            Files.write(newest.resolve(name), java.util.Arrays.copyOf(whole, whole.length / 2));
            assertEquals(1, newest(new ArrayList<>()), name);
            Files.delete(newest.resolve(name));
            assertEquals(1, newest(new ArrayList<>()), name);
            Files.write(newest.resolve(name), whole);
        }
    }

    @Test
    void aDamagedNewerOneDoesNotCountAmongThoseKept() throws IOException {
        save(2, 1);
        var later = folder.checkpoints().resolve("step-00000009");
        Files.createDirectory(later); // as if damaged; the run went on from step 2
        save(1, 1);
        assertEquals(List.of("step-00000003"), names());
        assertEquals(3, newest(new ArrayList<>()));
    }

    @Test
    void withoutAWholeOneNothingStartsAnewSilently() throws IOException {
        save(1, 1);
        flip(folder.checkpoints().resolve("step-00000001").resolve(Checkpoint.RAW), 300);
        var e = assertThrows(IOException.class, () -> newest(new ArrayList<>()));
        assertTrue(e.getMessage().contains("none of the 1 checkpoints"), e.getMessage());
    }

    @Test
    void withoutTheOptimizersStateTheErrorTellsWhatToDo() throws IOException {
        save(1, 1);
        Files.delete(folder.checkpoints().resolve("step-00000001").resolve(Checkpoint.OPTIMIZER));
        var e = assertThrows(IOException.class, () -> newest(new ArrayList<>()));
        assertTrue(e.getMessage().contains("--init-from"), e.getMessage());
    }

    @Test
    void statesWrittenBeforeThereWasAccumulationOrAChecksumAreRead() throws IOException {
        save(1, 1);
        var file = folder.checkpoints().resolve("step-00000001").resolve(Checkpoint.STATE);
        var old = Files.readString(file)
                .replaceFirst(",\\s*\"accumulate\" : 1", "")
                .replaceFirst(",\\s*\"dropClass\" : 0.1", "")
                .replaceFirst(",\\s*\"checksum\" : \"[^\"]*\"", "");
        assertFalse(old.contains("accumulate") || old.contains("dropClass") || old.contains("checksum"), old);
        Files.writeString(file, old);
        assertEquals(
                trainer.config(), folder.newest(message -> {}).orElseThrow().config());
    }

    @Test
    void everyConfigurationSurvivesItsJson() throws IOException {
        for (var rate : List.of(
                new LearningRate.Constant(1e-4),
                new LearningRate.Warmup(2e-4, 5000),
                new LearningRate.Cosine(1e-3, 5, 70),
                new LearningRate.Linear(1e-3, 0, 70))) {
            var config = TrainConfig.paper(-5, 800_000)
                    .withLearningRate(rate)
                    .withEma(new Ema(0.9999, true))
                    .withOptimizer(Optimizer.adamW().withBetas(0.5, 0.9).withWeightDecay(0.25))
                    .withClipNorm(3)
                    .withAccumulate(4);
            var state = new StateJson.State(3, config, "d", java.util.Map.of(), java.util.Map.of());
            assertEquals(state, StateJson.read(Path.of("state.json"), StateJson.write(state)));
        }
    }
}
