package ddpm.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.data.DataException;
import ddpm.data.ImageSet;
import ddpm.data.ImageShape;
import ddpm.data.Labels;
import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Noise;
import ddpm.eval.EpsilonMeter;
import ddpm.model.Classes;
import ddpm.model.Model;
import ddpm.model.ModelCard;
import ddpm.nn.UNetConfig;
import ddpm.testing.TinyImages;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConditionalTrainingTest {
    private static final Classes CLASSES = new Classes(List.of("left", "right", "none of both"), true);

    @TempDir
    Path temp;

    /** Pictures whose class is their number modulo 3 plus {@code shift}. */
    private record Labelled(TinyImages images, int shift) implements ImageSet {
        @Override
        public int size() {
            return images.size();
        }

        @Override
        public ImageShape shape() {
            return images.shape();
        }

        @Override
        public void read(int index, byte[] target, int offset) {
            images.read(index, target, offset);
        }

        @Override
        public String name(int index) {
            return images.name(index);
        }

        @Override
        public boolean hasLabels() {
            return true;
        }

        @Override
        public Labels labels() {
            return new Labels(
                    CLASSES.names(),
                    IntStream.range(0, size()).map(i -> (i + shift) % 3).toArray());
        }

        @Override
        public String describe() {
            return images.describe();
        }

        @Override
        public String fingerprint() {
            return images.fingerprint();
        }
    }

    private static ModelCard card(Classes classes) {
        return ModelCard.of(
                        UNetConfig.of(1, 8, List.of(1, 2), 1, List.of(false, true), 4, 0.1),
                        BetaSchedule.linear(100, 1e-3, 0.1),
                        8,
                        8)
                .withClasses(classes);
    }

    private static Recipe recipe(long steps) {
        return new Recipe(card(CLASSES), new Labelled(new TinyImages(13), 0), Tiny.config(4, steps, 2));
    }

    private static Trainer trainer(Classes classes, ImageSet data, TrainConfig config) {
        return new Trainer(new Model(card(classes), Device.CPU), data, config);
    }

    private static BatchLoader loader(ImageSet data, Classes classes, boolean flips) {
        var config = Tiny.config(20, 200, 1).withFlips(flips).withDropClass(0.25);
        return new BatchLoader(data, classes, Noise.seed(4), config, 100);
    }

    @Test
    void classesAreLeftOutAtTheRateAskedForAndByAddressAlone() {
        var data = new Labelled(new TinyImages(30), 1);
        var loader = loader(data, CLASSES, false);
        int left = 0;
        for (int step = 0; step < 200; step++) {
            var batch = loader.load(step, 0, 20);
            for (int i = 0; i < 20; i++) {
                boolean out = batch.labels()[i] == 3;
                assertTrue(
                        out || batch.labels()[i] == (batch.images()[i] + 1) % 3, "label of image " + batch.images()[i]);
                left += out ? 1 : 0;
            }
        }
        // Of 4000 draws the standard deviation is 27; four of them.
        assertEquals(1000, left, 110);
        var whole = loader.load(7, 0, 20).labels();
        assertArrayEquals(
                Arrays.copyOfRange(whole, 5, 13), loader.load(7, 5, 13).labels());
    }

    @Test
    void aNetworkWithoutLabelsSeesTheSameBatches() {
        var data = new Labelled(new TinyImages(30), 1);
        var labelled = loader(data, CLASSES, true).load(3, 0, 20);
        var plain = loader(data, Classes.NONE, true).load(3, 0, 20);
        assertArrayEquals(new long[0], plain.labels());
        assertArrayEquals(plain.x0(), labelled.x0());
        assertArrayEquals(plain.t(), labelled.t());
        assertArrayEquals(plain.epsilon(), labelled.epsilon());
    }

    @Test
    void aStoppedConditionalRunEndsBitwiseAsOneThatWasNot() throws IOException {
        float[] whole;
        try (var run = TrainingRun.open(temp.resolve("whole"), recipe(12), Tiny.plan(5), RunObserver.SILENT)) {
            run.run();
            whole = run.trainer().model().params().flat().toFloats();
        }
        for (long steps : new long[] {5, 12}) {
            try (var run = TrainingRun.open(temp.resolve("cut"), recipe(steps), Tiny.plan(5), RunObserver.SILENT)) {
                run.run();
                assertEquals(steps, run.trainer().step());
                if (steps == 12) {
                    assertArrayEquals(
                            whole, run.trainer().model().params().flat().toFloats());
                }
            }
        }
        var state = Files.readString(temp.resolve("cut/checkpoints/step-00000012/state.json"));
        assertTrue(state.contains("\"dropClass\" : 0.1"), state);
        try (var model = Model.load(temp.resolve("cut/model.safetensors"), Device.CPU)) {
            assertEquals(CLASSES, model.card().classes());
        }
    }

    @Test
    void otherLabelsOrClassesAreAnotherRun() throws IOException {
        try (var run = TrainingRun.open(temp.resolve("run"), recipe(2), Tiny.plan(5), RunObserver.SILENT)) {
            run.run();
        }
        var same = recipe(4);
        var relabelled = new Recipe(same.card(), new Labelled(new TinyImages(13), 1), same.config());
        assertRefused("data (fingerprint of images and labels, loss) is ", relabelled);
        assertRefused(
                "dropClass is 0.1 there and 0.2 here",
                same.withConfig(same.config().withDropClass(0.2)));
        var renamed = new Classes(List.of("right", "left", "none of both"), true);
        assertRefused("classes is 3 (left, right, ", new Recipe(card(renamed), same.data(), same.config()));
        assertRefused("network is ", new Recipe(card(Classes.NONE), same.data(), same.config()));
    }

    private void assertRefused(String part, Recipe recipe) {
        var refused = assertThrows(
                RunMismatchException.class,
                () -> TrainingRun.open(temp.resolve("run"), recipe, Tiny.plan(5), RunObserver.SILENT)
                        .close());
        assertTrue(refused.getMessage().contains(part), refused.getMessage());
    }

    @Test
    void theEmbeddingOfEveryClassAndOfNoneLearns() {
        var data = new Labelled(new TinyImages(13), 0);
        try (var trainer = trainer(CLASSES, data, Tiny.config(8, 30, 1).withDropClass(0.3))) {
            trainer.initialise();
            var embedding = trainer.model().params().all().stream()
                    .filter(p -> p.name().equals("class_embedding.weight"))
                    .findFirst()
                    .orElseThrow();
            var before = embedding.tensor().toFloats();
            for (int i = 0; i < 30; i++) {
                trainer.train();
            }
            var after = embedding.tensor().toFloats();
            for (int row = 0; row < 4; row++) {
                int from = 32 * row;
                assertFalse(
                        Arrays.equals(before, from, from + 32, after, from, from + 32),
                        "row " + row + " stayed as it was");
            }
            trainer.model().close();
        }
    }

    /**
     * The class is the place of a bar in pictures that are otherwise alike: whoever is told a wrong one looks for the bar
     * in the wrong place. Measured after 400 steps: 0.36 and 0.54, so 20 % are a safe distance.
     */
    @Test
    void whoIsToldTheTruthErrsLessThanWhoIsToldAFalsehood() throws IOException {
        var data = new Labelled(new TinyImages(3), 0);
        var config = Tiny.config(3, 250, 1).withFlips(false);
        try (var model = new Model(card(CLASSES), Device.CPU);
                var trainer = new Trainer(model, data, config)) {
            trainer.initialise();
            for (int step = 0; step < 250; step++) {
                trainer.train();
            }
            double truth = error(model, model.conditioned(0, 1, 2), data);
            double falsehood = error(model, model.conditioned(1, 2, 0), data);
            assertTrue(truth < 0.8 * falsehood, truth + " told the truth, " + falsehood + " told a falsehood");
        }
    }

    /** Over many draws of the noise. */
    private static double error(Model model, Denoiser told, ImageSet data) {
        double sum = 0;
        for (int seed = 0; seed < 20; seed++) {
            sum += EpsilonMeter.standard()
                    .withThreads(1)
                    .withSeed(seed)
                    .measure(told, model.card().schedule(), data, data.size())
                    .mse();
        }
        return sum / 20;
    }

    @Test
    void whatDoesNotSuitIsRefused() {
        var data = new Labelled(new TinyImages(13), 0);
        var without = new Classes(CLASSES.names(), false);
        var config = Tiny.config(4, 5, 1);
        assertMessage("leave out 0", () -> trainer(without, data, config));
        assertMessage("would never be learned", () -> trainer(CLASSES, data, config.withDropClass(0)));
        assertMessage("a probability from 0 to below 1, not 1.0", () -> config.withDropClass(1));
        assertMessage("a probability from 0 to below 1, not NaN", () -> config.withDropClass(Double.NaN));
        assertMessage(
                "the images have a class 'left'",
                () -> trainer(new Classes(List.of("up", "down"), true), data, config));
        var none = assertThrows(UncheckedIOException.class, () -> trainer(CLASSES, new TinyImages(13), config));
        assertEquals(DataException.class, none.getCause().getClass());
        assertEquals(
                "13 tiny images: these images have no labels", none.getCause().getMessage());
    }

    private static void assertMessage(String part, org.junit.jupiter.api.function.Executable call) {
        var refused = assertThrows(IllegalArgumentException.class, call);
        assertTrue(refused.getMessage().contains(part), refused.getMessage());
    }

    @Test
    void aModelThatKnowsNoClassesBeginsOneThatDoes() throws IOException {
        var plain = temp.resolve("plain.safetensors");
        try (var trainer = trainer(Classes.NONE, new TinyImages(13), Tiny.config(4, 3, 1))) {
            trainer.initialise();
            trainer.train();
            trainer.model().save(plain, DType.FLOAT32);
            var begun = recipe(2).withWeights(plain);
            try (var run = TrainingRun.open(temp.resolve("run"), begun, Tiny.plan(5), RunObserver.SILENT);
                    var _ = TensorScope.open()) {
                var model = run.trainer().model();
                var named = model.params().named(model.params().flat());
                // Of the classes random, so that they are soon told apart; of none zero, so that it draws as before.
                var embedding = named.remove("class_embedding.weight").toFloats();
                assertArrayEquals(new float[32], Arrays.copyOfRange(embedding, 3 * 32, 4 * 32));
                var known = Arrays.copyOf(embedding, 3 * 32);
                double variance = IntStream.range(0, known.length)
                        .mapToDouble(i -> (double) known[i] * known[i])
                        .average()
                        .orElseThrow();
                assertEquals(1, variance, 0.35, "of 96 uniform numbers, whose standard error is 0.09");
                assertArrayEquals(
                        model.params().flat().toFloats(), run.trainer().ema().toFloats());
                var theirs = trainer.model().params();
                theirs.named(theirs.flat())
                        .forEach((name, value) -> assertArrayEquals(
                                value.toFloats(), named.remove(name).toFloats(), name));
                assertTrue(named.isEmpty());
            }
            trainer.model().close();
        }
        var others = temp.resolve("others.safetensors");
        try (var model = new Model(card(new Classes(List.of("up", "down", "left"), true)), Device.CPU)) {
            model.save(others, DType.FLOAT32);
        }
        assertRefused(
                "others.safetensors cannot begin this run: classes is 3 (up,",
                recipe(2).withWeights(others));
    }

    /** Batch and threads must not matter, and which label an image has must. */
    @Test
    void evaluationTellsEachImageItsTrueClass() throws IOException {
        var data = new Labelled(new TinyImages(13), 0);
        try (var model = new Model(card(CLASSES), Device.CPU)) {
            // The network's own initialisation begins with a last layer of nearly 0.
            var random = new Random(5);
            var values = new float[Math.toIntExact(model.params().flat().shape().numel())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.2 * random.nextGaussian());
            }
            model.params().flat().set(0, values, 0, values.length);
            var labels = CLASSES.labelsOf(data);
            assertArrayEquals(new int[] {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0}, labels);
            assertArrayEquals(new int[0], Classes.NONE.labelsOf(new TinyImages(3)));
            var meter = EpsilonMeter.standard().withThreads(1);
            var schedule = model.card().schedule();
            double whole =
                    meter.measure(model.conditioned(labels), schedule, data, 13).mse();
            double cut = meter.withBatch(4)
                    .withThreads(2)
                    .measure(model.conditioned(labels), schedule, data, 13)
                    .mse();
            assertEquals(whole, cut, 1e-6 * whole);
            var wrong = CLASSES.labelsOf(new Labelled(new TinyImages(13), 1));
            assertNotEquals(
                    whole,
                    meter.measure(model.conditioned(wrong), schedule, data, 13).mse(),
                    1e-5 * whole);
        }
    }
}
