package ddpm.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.diffusion.BetaSchedule;
import ddpm.io.FileFormatException;
import ddpm.io.Safetensors;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class ClassesTest {
    private static final Classes PETS = new Classes(List.of("cat", "dog", "Ibis, white"), true);

    @TempDir
    Path folder;

    private static ModelCard card(Classes classes) {
        return ModelCard.of(
                        UNetConfig.of(1, 8, List.of(1, 2), 1, List.of(false, true), 4, 0), BetaSchedule.ho2020(), 8, 8)
                .withClasses(classes);
    }

    private static Model model(Classes classes) {
        var model = new Model(card(classes), Device.CPU);
        try (var _ = TensorScope.open()) {
            model.params().named(model.params().flat()).values().forEach(ClassesTest::fill);
        }
        return model;
    }

    /** Not by the network's own initialisation, whose last layer is nearly 0. */
    private static void fill(Tensor parameter) {
        var random = new Random(parameter.shape().hashCode());
        var values = new float[Math.toIntExact(parameter.shape().numel())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.2 * random.nextGaussian());
        }
        parameter.copyFrom(Tensor.of(values, parameter.shape()));
    }

    private static void assertRefused(String part, Executable call) {
        var refused = assertThrows(IllegalArgumentException.class, call);
        assertTrue(refused.getMessage().contains(part), refused.getMessage());
    }

    @Test
    void theNullClassIsTheLastLabel() {
        assertEquals(4, PETS.labels());
        assertEquals(3, PETS.nullLabel());
        assertEquals(4, card(PETS).network().labels());
        assertEquals("3 (cat, dog, Ibis, white) and the null class", PETS.toString());
        assertEquals(
                "1000 (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, .., 999)",
                Classes.numbered(1000, false).toString());
        assertRefused("no null class", () -> Classes.numbered(3, false).nullLabel());
    }

    @Test
    void labelsOfOtherSetsAreFoundByNameAndThoseOfNumbersInOrder() {
        assertArrayEquals(new int[] {1, 0}, PETS.labelsOf(List.of("dog", "cat")));
        assertRefused("a class 'fox', and the model's classes are cat, dog,", () -> PETS.labelsOf(List.of("fox")));
        var numbers = Classes.numbered(3, true);
        assertArrayEquals(new int[] {0, 1}, numbers.labelsOf(List.of("dog", "cat")));
        assertRefused("the model's classes are 0, 1, 2", () -> numbers.labelsOf(List.of("a", "b", "c", "d")));
    }

    @Test
    void namesThatCannotBeToldApartOrPrintedAreRefused() {
        assertRefused("named once", () -> new Classes(List.of("a", "a"), false));
        for (var name : List.of("", " ", "a\u001b[2J", "x".repeat(256))) {
            assertRefused("a class has a name of 1 to 255 characters", () -> new Classes(List.of(name), false));
        }
        assertRefused("no null class", () -> new Classes(List.of(), true));
        var mini = ModelCard.of(UNetMini.Config.ofChannels(1), BetaSchedule.ho2020(), 8, 8);
        assertRefused("timeChannels=128] cannot be class-conditional on", () -> mini.withClasses(PETS));
    }

    @Test
    void aCardKeepsItsClassesAndOneWithoutIsWrittenAsEver() throws IOException {
        var card = card(PETS);
        assertEquals(card, CardJson.read(folder, CardJson.write(card)));
        var plain = CardJson.write(card(Classes.NONE));
        assertFalse(plain.contains("classes") || plain.contains("labels"), plain);
        assertEquals(card(Classes.NONE), CardJson.read(folder, plain));
    }

    @Test
    void aCardWhoseClassesDoNotSuitItsNetworkIsRefused() throws IOException {
        var json = JSON.std.mapFrom(CardJson.write(card(PETS)));
        json.put("classes", Map.of("names", List.of("cat"), "nullClass", true));
        var refused = assertThrows(FileFormatException.class, () -> CardJson.read(folder, JSON.std.asString(json)));
        assertTrue(
                refused.getMessage().contains("a network of 4 labels does not suit 2 classes"), refused.getMessage());
        json.put("classes", Map.of("names", List.of(7, 8, 9), "nullClass", true));
        assertThrows(FileFormatException.class, () -> CardJson.read(folder, JSON.std.asString(json)));
        json.put("classes", List.of("cat"));
        assertThrows(FileFormatException.class, () -> CardJson.read(folder, JSON.std.asString(json)));
    }

    @Test
    void aModelGoesThroughDiffusersWithItsClasses() throws IOException {
        var out = folder.resolve("diffusers");
        try (var model = model(PETS)) {
            var tensors = model.stored(model.params().flat(), DType.FLOAT32);
            DiffusersFolder.write(out, model.card(), tensors);
            var config = JSON.std.mapFrom(Files.readString(out.resolve("config.json")));
            assertEquals(4, config.get("num_class_embeds"));
            assertEquals(null, config.get("class_embed_type"));
            var read = StoredModel.open(out, Weights.EMA);
            assertEquals(model.card().withNotes(read.card().notes()), read.card());
            assertEquals(
                    Shape.of(4, 32),
                    read.tensors().get("class_embedding.weight").shape());
            assertEquals(tensors, read.tensors());
        }
    }

    /** Nothing tells what the last label of somebody else's model means. */
    @Test
    void diffusersOwnFoldersHaveNumberedClassesAndNoneForNone() throws IOException {
        var out = folder.resolve("theirs");
        try (var model = model(PETS)) {
            DiffusersFolder.write(out, model.card(), model.stored(model.params().flat(), DType.FLOAT32));
        }
        var weights = out.resolve(DiffusersFolder.WEIGHTS);
        var tensors = new LinkedHashMap<>(Safetensors.read(weights).tensors());
        Files.delete(weights);
        Safetensors.write(weights, tensors, Map.of("format", "pt"));
        try (var theirs = Model.load(out, Device.CPU);
                var _ = TensorScope.open()) {
            assertEquals(Classes.numbered(4, false), theirs.card().classes());
            assertRefused("the model has no null class", () -> theirs.guided(new int[] {1}, 2));
            var x = Tensor.zeros(Shape.of(1, 1, 8, 8), DType.FLOAT32, Device.CPU);
            var t = Tensor.of(new long[] {5}, Shape.of(1));
            assertRefused("the model has no null class", () -> theirs.predict(x, t));
            assertEquals(
                    x.shape(), theirs.guided(new int[] {3}, 1).predict(x, t).shape());
        }

        Files.delete(weights);
        Safetensors.write(
                weights, tensors, Map.of("format", "pt", "ddpm.classes", "{\"names\": [\"a\"], \"nullClass\": false}"));
        var refused = assertThrows(FileFormatException.class, () -> StoredModel.open(out, Weights.EMA));
        assertTrue(
                refused.getMessage().contains("a network of 4 labels does not suit 1 classes"), refused.getMessage());
    }

    /** Of the whole way: a file, its card, the embedding and the mixture. */
    @Test
    void guidanceMixesWhatTheModelPredictsOfAClassAndOfNone() throws IOException {
        var file = folder.resolve("pets.safetensors");
        try (var model = model(PETS)) {
            model.save(file, DType.FLOAT32);
        }
        try (var model = Model.load(file, Device.CPU);
                var _ = TensorScope.open()) {
            assertEquals(card(PETS), model.card());
            var values = new float[64 * 2];
            var random = new Random(1);
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            var x = Tensor.of(values, Shape.of(2, 1, 8, 8));
            var t = Tensor.of(new long[] {500}, Shape.of(1));
            var labelled = model.network()
                    .forward(x, t, Tensor.of(new long[] {2, 0}, Shape.of(2)))
                    .toFloats();
            var none = model.network()
                    .forward(x, t, Tensor.of(new long[] {3, 3}, Shape.of(2)))
                    .toFloats();
            assertNotEquals(labelled[0], none[0]);
            assertArrayEquals(none, model.predict(x, t).toFloats(), "told nothing");
            assertArrayEquals(
                    none, model.guided(new int[] {2, 0}, 0).predict(x, t).toFloats());
            assertArrayEquals(labelled, model.conditioned(2, 0).predict(x, t).toFloats());
            var mixed = model.guided(new int[] {2, 0}, 3).predict(x, t).toFloats();
            for (int i = 0; i < mixed.length; i++) {
                // In batches of 2 and of 4 kernels round otherwise, 1e-6 of outputs near 1, times 3.
                assertEquals(none[i] + 3 * (labelled[i] - none[i]), mixed[i], 2e-5);
            }
            assertRefused("label 3: this model's classes are 3 (cat,", () -> model.conditioned(3));
            assertRefused("label -1", () -> model.conditioned(-1));
        }
    }

    @Test
    void aCardThatIsTheWordNullIsNone() {
        var file = Path.of("src/test/resources/hostile/card-null.safetensors");
        var refused = assertThrows(FileFormatException.class, () -> StoredModel.open(file, Weights.EMA));
        assertTrue(refused.reason().startsWith("has a model card that is not JSON"), refused.reason());
    }
}
