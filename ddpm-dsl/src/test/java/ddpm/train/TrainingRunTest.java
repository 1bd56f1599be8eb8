package ddpm.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.data.ArrayImages;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Objective;
import ddpm.diffusion.Timesteps;
import ddpm.eval.quality.FeatureExtractor;
import ddpm.eval.quality.FidMeter;
import ddpm.eval.quality.PixelFeatures;
import ddpm.image.Images;
import ddpm.model.Model;
import ddpm.model.ModelCard;
import ddpm.nn.UNetMini;
import ddpm.sampling.Sampler;
import ddpm.testing.TinyImages;
import ddpm.torch.Device;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingRunTest {
    @TempDir
    Path temp;

    private final List<String> notes = new ArrayList<>();

    /** Collects notes, and calls {@code afterStep} with the steps made. */
    private RunObserver observer(LongConsumer afterStep) {
        return new RunObserver() {
            @Override
            public void step(StepReport report, long made, long of) {
                afterStep.accept(made);
            }

            @Override
            public void note(String line) {
                notes.add(line);
            }
        };
    }

    private Path folder() {
        return temp.resolve("run");
    }

    private float[] train(Path folder, Recipe recipe, RunPlan plan) throws IOException {
        try (var run = TrainingRun.open(folder, recipe, plan, observer(made -> {}))) {
            assertEquals(TrainingRun.Outcome.FINISHED, run.run());
            return run.trainer().model().params().flat().toFloats();
        }
    }

    /** Trains until {@code made} steps are made, then asks to stop. */
    private void trainTo(long made, Recipe recipe, RunPlan plan) throws IOException {
        var running = new TrainingRun[1];
        try (var run = TrainingRun.open(folder(), recipe, plan, observer(step -> {
            if (step == made) {
                running[0].stop();
            }
        }))) {
            running[0] = run;
            assertEquals(TrainingRun.Outcome.STOPPED, run.run());
        }
    }

    private RunMismatchException refused(Recipe recipe) {
        return assertThrows(
                RunMismatchException.class,
                () -> TrainingRun.open(folder(), recipe, Tiny.plan(5), RunObserver.SILENT)
                        .close());
    }

    private boolean noted(String part) {
        return notes.stream().anyMatch(note -> note.contains(part));
    }

    /** The logged distance is that of images drawn from the saved model, and a resumed run keeps what was measured. */
    @Test
    void samplesAreMeasuredWhileTraining() throws IOException {
        long before = TensorScope.liveTensors();
        var real = new TinyImages(13);
        var extractor = new FeatureExtractor(new PixelFeatures(), 4, 1);
        try (var meter = new FidMeter(extractor, real, "pixels")) {
            var plan = Tiny.plan(4).withFid(new RunPlan.Fid(3, 70, meter)); // more than are drawn at once
            train(folder(), Tiny.recipe(4), plan);
            train(folder(), Tiny.recipe(6), plan);
        }
        assertEquals(before, TensorScope.liveTensors());
        var lines = Files.readAllLines(folder().resolve("metrics.jsonl")).stream()
                .filter(line -> line.contains("\"fid\""))
                .toList();
        assertEquals(3, lines.size(), lines.toString()); // of steps 3, 4, which was the last, and 6
        assertTrue(Files.readString(folder().resolve("report.html")).contains("[6,"));
        try (var model = Model.load(folder().resolve("model.safetensors"), Device.CPU);
                var meter = new FidMeter(extractor, real, "pixels");
                var _ = TensorScope.open()) {
            var card = model.card();
            var chain = new Diffusion(card.schedule());
            var drawn = Sampler.ddim(chain.respaced(Timesteps.even(chain.steps(), 5)), 0)
                    .withPrediction(card.prediction())
                    .withClip(card.clip())
                    .sample(
                            model,
                            card.images(70),
                            Noise.seed(Tiny.recipe(6).config().seed()));
            var levels = Images.of(drawn.toFloats(), drawn.shape()).levels();
            double expected = meter.of(ArrayImages.of("drawn", levels, real.shape()));
            double logged = Double.parseDouble(lines.getLast().replaceAll(".*\"fid\":([^,]+),.*", "$1"));
            // Other batches round otherwise, which may move a level by one.
            assertEquals(expected, logged, 1e-3 * expected);
        }
    }

    private List<String> loggedSteps() throws IOException {
        return Files.readAllLines(folder().resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll(".*\"step\":(\\d+).*", "$1"))
                .toList();
    }

    @Test
    void aRunLeavesWhatItsFolderPromises() throws IOException {
        long before = TensorScope.liveTensors();
        var plan = new RunPlan(4, 2, 2, 3, 5, 6, 4, 100, FullDisk.CONTINUE, "ddpm train again");
        train(folder(), Tiny.recipe(8).withValidation(new TinyImages(9, 1)), plan);
        assertEquals(before, TensorScope.liveTensors());
        for (var name : List.of(
                "run.json",
                "metrics.jsonl",
                "model.safetensors",
                "report.html",
                "samples/step-00000003.png",
                "samples/step-00000006.png",
                "samples/step-00000008.png",
                "checkpoints/step-00000004/state.json",
                "checkpoints/step-00000008/state.json")) {
            assertTrue(Files.isRegularFile(folder().resolve(name)), name);
        }
        assertEquals(List.of("2", "4", "4", "6", "8", "8"), loggedSteps());
        assertArrayEquals(
                Files.readAllBytes(folder().resolve("checkpoints/step-00000008/model.safetensors")),
                Files.readAllBytes(folder().resolve("model.safetensors")));
        try (var model = Model.load(folder().resolve("model.safetensors"), Device.CPU)) {
            assertEquals(Tiny.card(), model.card());
        }
        var html = Files.readString(folder().resolve("report.html"));
        assertTrue(html.contains("data:image/png;base64,") && html.contains("ddpm train again"));
        assertFalse(html.contains("/*DATA*/"));
        var links = html.replace("http://www.w3.org/2000/svg", ""); // a name, which nobody fetches
        assertFalse(
                links.contains("http:") || links.contains("https:") || links.contains("src=\""), "needs nothing else");
        assertEquals(List.of(), notes);
    }

    @Test
    void stoppedAndResumedItIsTheSameRun() throws IOException {
        var plan = new RunPlan(4, 2, 2, 5, 2, 5, 0, 8, FullDisk.CONTINUE, "");
        trainTo(3, Tiny.recipe(11), plan);
        trainTo(6, Tiny.recipe(11), plan);
        var resumed = train(folder(), Tiny.recipe(11), plan);
        var whole = train(temp.resolve("whole"), Tiny.recipe(11), plan);
        assertArrayEquals(whole, resumed);
        assertArrayEquals(
                Files.readAllBytes(temp.resolve("whole/model.safetensors")),
                Files.readAllBytes(folder().resolve("model.safetensors")));
        assertArrayEquals(
                Files.readAllBytes(temp.resolve("whole/samples/step-00000010.png")),
                Files.readAllBytes(folder().resolve("samples/step-00000010.png")));
        assertEquals(List.of("2", "3", "4", "6", "8", "10", "11"), loggedSteps());
        assertTrue(noted("resuming at step 3 of 11") && noted("resuming at step 6 of 11"), notes.toString());
    }

    @Test
    void anInterruptFinishesTheStepSavesItAndStaysSet() throws IOException {
        var trainer = Thread.currentThread();
        try (var run = TrainingRun.open(folder(), Tiny.recipe(500), Tiny.plan(1000), observer(made -> {
            if (made == 3) {
                trainer.interrupt();
            }
        }))) {
            assertEquals(TrainingRun.Outcome.STOPPED, run.run());
            assertTrue(Thread.interrupted());
            long step = run.trainer().step();
            assertTrue(step >= 3 && step < 500);
            assertEquals(step, run.folder().newest(message -> {}).orElseThrow().step());
        }
    }

    @Test
    void aFinishedRunIsNotTrainedFurtherAndOneMoreStepMayBeAsked() throws IOException {
        var eight = train(folder(), Tiny.recipe(4), Tiny.plan(2));
        assertArrayEquals(eight, train(folder(), Tiny.recipe(4), Tiny.plan(2)));
        assertFalse(java.util.Arrays.equals(eight, train(folder(), Tiny.recipe(5), Tiny.plan(3))));
        assertTrue(refused(Tiny.recipe(4)).getMessage().contains("has made 5 steps, and only 4"));
    }

    @Test
    void anotherRecipeIsRefusedByNamingBothValues() throws IOException {
        train(folder(), Tiny.recipe(2), Tiny.plan(5));
        var recipe = Tiny.recipe(9);
        var rate = refused(recipe.withConfig(recipe.config().withLearningRate(new LearningRate.Constant(0.5))));
        assertTrue(rate.getMessage().contains("learningRate.rate is 0.002 there and 0.5 here"), rate.getMessage());
        assertTrue(rate.getMessage().contains("--init-from"), rate.getMessage());
        var objective = refused(recipe.withConfig(recipe.config().withObjective(Objective.MIN_SNR)));
        assertTrue(
                objective.getMessage().contains("objective is SIMPLE there and MIN_SNR here"), objective.getMessage());
        var data = refused(new Recipe(recipe.card(), new TinyImages(14), recipe.config()));
        assertTrue(data.getMessage().contains(new TinyImages(13).fingerprint()), data.getMessage());
        assertTrue(data.getMessage().contains(new TinyImages(14).fingerprint()), data.getMessage());
        var wider = ModelCard.of(
                new UNetMini.Config(1, 16, List.of(1, 1, 1), 8), recipe.card().schedule(), 8, 8);
        var network = refused(new Recipe(wider, recipe.data(), recipe.config()));
        assertTrue(network.getMessage().contains("network is UNetMini[channels=1, base=8"), network.getMessage());
    }

    @Test
    void threadsMayChangeWithAWarning() throws IOException {
        train(folder(), Tiny.recipe(2), Tiny.plan(5));
        var recipe = Tiny.recipe(3);
        train(folder(), recipe.withConfig(recipe.config().withThreads(1)), Tiny.plan(5));
        assertTrue(noted("warning: threads was 2 and is now 1"), notes.toString());
    }

    @Test
    void aSecondRunInTheSameFolderIsRefused() throws IOException {
        try (var _ = TrainingRun.open(folder(), Tiny.recipe(2), Tiny.plan(5), RunObserver.SILENT)) {
            var e = assertThrows(
                    IOException.class,
                    () -> TrainingRun.open(folder(), Tiny.recipe(2), Tiny.plan(5), RunObserver.SILENT));
            assertTrue(
                    e.getMessage().contains(ProcessHandle.current().pid() + " trains in this folder"), e.getMessage());
        }
        train(folder(), Tiny.recipe(2), Tiny.plan(5));
    }

    @Test
    void aCheckpointThatCannotBeWrittenIsTriedAgainAtTheNextInterval() throws IOException {
        Files.createDirectories(folder());
        var obstacle = Files.writeString(folder().resolve("checkpoints"), "in the way");
        try (var run = TrainingRun.open(folder(), Tiny.recipe(6), Tiny.plan(2), observer(made -> {
            if (made == 3) {
                remove(obstacle);
            }
        }))) {
            assertEquals(TrainingRun.Outcome.FINISHED, run.run());
            assertEquals(6, run.folder().newest(message -> {}).orElseThrow().step());
        }
        assertEquals(1, notes.size(), notes.toString());
        assertTrue(
                noted("the checkpoint of step 2 was not written") && noted("tries again at step 4"), notes.toString());
        assertTrue(notes.getFirst().matches(".*takes about \\d+ bytes.*"), notes.toString());
    }

    private static void remove(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aCheckpointThatCannotBeWrittenEndsTheRunIfAskedAndAlwaysAtItsEnd() throws IOException {
        Files.createDirectories(folder());
        Files.writeString(folder().resolve("checkpoints"), "in the way");
        var stop = new RunPlan(2, 2, 2, 0, 4, 5, 0, 8, FullDisk.STOP, "");
        try (var run = TrainingRun.open(folder(), Tiny.recipe(6), stop, RunObserver.SILENT)) {
            assertThrows(IOException.class, run::run);
            assertEquals(2, run.trainer().step());
        }
        try (var run = TrainingRun.open(folder(), Tiny.recipe(6), Tiny.plan(4), RunObserver.SILENT)) {
            var e = assertThrows(IOException.class, run::run);
            assertTrue(e.getMessage().contains("checkpoint of step 6"), e.getMessage());
        }
    }

    @Test
    void fromADamagedCheckpointItFallsBackAndEndsAlike() throws IOException {
        trainTo(4, Tiny.recipe(7), Tiny.plan(2));
        Files.write(folder().resolve("checkpoints/step-00000004/raw.safetensors"), new byte[10]);
        var resumed = train(folder(), Tiny.recipe(7), Tiny.plan(2));
        assertTrue(noted("skipping checkpoint step-00000004") && noted("resuming at step 2"), notes.toString());
        assertArrayEquals(train(temp.resolve("whole"), Tiny.recipe(7), Tiny.plan(2)), resumed);
        assertEquals(List.of("2", "4", "6", "7"), loggedSteps());
    }

    @Test
    void aCheckpointThatCannotBeReadIsNoDamagedOne() throws IOException {
        trainTo(4, Tiny.recipe(7), Tiny.plan(2));
        var weights = folder().resolve("checkpoints/step-00000004/raw.safetensors");
        Files.delete(weights);
        Files.createSymbolicLink(weights, weights); // reading a link to itself fails, also for root
        var refused = assertThrows(IOException.class, () -> train(folder(), Tiny.recipe(7), Tiny.plan(2)));
        assertTrue(refused.getMessage().contains("step-00000004 cannot be read, and an older one would lose steps"));
        assertTrue(Files.exists(folder().resolve("checkpoints/step-00000002/raw.safetensors")));
    }

    @Test
    void aModelWithoutItsCheckpointsIsNotReplaced() throws IOException {
        trainTo(4, Tiny.recipe(7), Tiny.plan(2));
        var model = Files.readAllBytes(folder().resolve("model.safetensors"));
        var metrics = Files.readAllBytes(folder().resolve("metrics.jsonl"));
        Files.move(folder().resolve("checkpoints"), folder().resolve("checkpoints.old"));
        var refused = assertThrows(IOException.class, () -> train(folder(), Tiny.recipe(7), Tiny.plan(2)));
        assertTrue(refused.getMessage().contains("is the result of a run whose checkpoints are gone"));
        assertArrayEquals(model, Files.readAllBytes(folder().resolve("model.safetensors")));
        assertArrayEquals(metrics, Files.readAllBytes(folder().resolve("metrics.jsonl")));
        Files.move(folder().resolve("checkpoints.old"), folder().resolve("checkpoints"));
        train(folder(), Tiny.recipe(7), Tiny.plan(2));
        assertTrue(noted("resuming at step 4"), notes.toString());
    }

    @Test
    void recordsThatFailAreNotedOnceHoweverOftenOthersSucceed() throws IOException {
        Files.createDirectories(folder());
        var samples = Files.writeString(folder().resolve("samples"), "a file where a folder is needed");
        var plan = new RunPlan(2, 3, 1, 1, 1, 2, 0, 1, FullDisk.CONTINUE, "");
        try (var run = TrainingRun.open(folder(), Tiny.recipe(8), plan, observer(made -> {
            if (made == 5) {
                assertTrue(samples.toFile().delete());
            }
        }))) {
            run.run();
        }
        var said = notes.stream().filter(note -> note.contains("written")).toList();
        assertEquals(2, said.size(), said.toString());
        assertTrue(said.getFirst().startsWith("samples cannot be written: "), said.toString());
        assertEquals("samples can be written again", said.getLast());
    }

    @Test
    void aFolderOfCheckpointsAloneIsResumed() throws IOException {
        trainTo(4, Tiny.recipe(7), Tiny.plan(2));
        for (var name : List.of("metrics.jsonl", "run.json", "report.html", "model.safetensors", ".lock")) {
            Files.delete(folder().resolve(name));
        }
        var resumed = train(folder(), Tiny.recipe(7), Tiny.plan(2));
        assertArrayEquals(train(temp.resolve("whole"), Tiny.recipe(7), Tiny.plan(2)), resumed);
        assertEquals(List.of("6", "7"), loggedSteps());
    }

    @Test
    void whatKilledWritersLeftIsSweptAndNothingElse() throws IOException {
        train(folder(), Tiny.recipe(2), Tiny.plan(5));
        Files.createDirectories(folder().resolve("checkpoints/.step-00000009.part"));
        Files.writeString(folder().resolve("checkpoints/.step-00000009.part/raw.safetensors"), "half");
        Files.writeString(folder().resolve(".run.json.0123.part"), "half");
        Files.writeString(folder().resolve("notes.part"), "mine");
        train(folder(), Tiny.recipe(2), Tiny.plan(5));
        assertFalse(Files.exists(folder().resolve("checkpoints/.step-00000009.part")));
        assertFalse(Files.exists(folder().resolve(".run.json.0123.part")));
        assertTrue(Files.exists(folder().resolve("notes.part")));
    }

    @Test
    void givenWeightsBeginARunAtStepZero() throws IOException {
        train(folder(), Tiny.recipe(3), Tiny.plan(5));
        var file = folder().resolve("checkpoints/step-00000003/raw.safetensors");
        var recipe = Tiny.recipe(2).withWeights(file);
        try (var run = TrainingRun.open(temp.resolve("next"), recipe, Tiny.plan(5), observer(made -> {}));
                var given = Model.load(file, Device.CPU)) {
            assertEquals(0, run.trainer().step());
            assertArrayEquals(
                    given.params().flat().toFloats(),
                    run.trainer().model().params().flat().toFloats());
            assertArrayEquals(
                    given.params().flat().toFloats(), run.trainer().ema().toFloats());
        }
        assertTrue(noted("beginning with the weights of " + file), notes.toString());
        assertFalse(noted("warning"), notes.toString());
        assertTrue(refused(Tiny.recipe(9).withWeights(file)).getMessage().contains("is a run already"));
    }

    @Test
    void aDivergedRunKeepsItsLastGoodCheckpoint() throws IOException {
        var recipe = Tiny.recipe(50);
        // The rate rises until weights overflow: after the checkpoint of step 1, for a warm-up begins at 0.
        var config = recipe.config().withLearningRate(new LearningRate.Warmup(1e38, 2));
        try (var run = TrainingRun.open(folder(), recipe.withConfig(config), Tiny.plan(1), observer(made -> {}))) {
            var e = assertThrows(DivergedException.class, run::run);
            assertTrue(e.step() >= 1, e.getMessage());
            assertTrue(noted("stays in"), notes.toString());
            assertEquals(
                    e.step(), run.folder().newest(message -> {}).orElseThrow().step());
        }
    }

    @Test
    void aLossThatNeverMovedIsToldOnce() {
        var stuck = new StuckLoss(Tiny.config(4, 5000, 1));
        assertTrue(stuck.look(metrics(499, 1)).isEmpty());
        assertTrue(stuck.look(metrics(500, 0.3)).isEmpty());
        assertTrue(stuck.look(metrics(600, 0.99)).orElseThrow().contains("after 600 steps the loss is still 0.990"));
        assertTrue(stuck.look(metrics(700, 0.99)).isEmpty());
        var warmed = new StuckLoss(Tiny.config(4, 5000, 1).withLearningRate(new LearningRate.Warmup(1e-3, 4000)));
        assertTrue(warmed.look(metrics(2400, 1)).isEmpty());
    }

    private static StepMetrics metrics(long step, double loss) {
        return new StepMetrics(step, loss, 1, 1e-3, 1, 1, 1);
    }
}
