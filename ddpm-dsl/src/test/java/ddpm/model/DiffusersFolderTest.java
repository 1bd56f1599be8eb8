package ddpm.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.io.FileFormatException;
import ddpm.io.Safetensors;
import ddpm.io.StoredTensor;
import ddpm.nn.Params;
import ddpm.nn.TimeEmbedding;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;
import ddpm.testing.Golden;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DiffusersFolderTest {
    @TempDir
    Path folder;

    private static Map<String, Object> json(Path file) throws IOException {
        return JSON.std.mapFrom(Files.readString(file));
    }

    @Test
    void aWrittenFolderIsWhatDiffusersWroteItself() throws IOException {
        var theirs = Golden.path("hf_unet/current");
        var model = StoredModel.open(theirs, Weights.EMA);
        var ours = folder.resolve("ours");
        DiffusersFolder.write(ours, model.card(), model.tensors());
        assertEquals(json(theirs.resolve("config.json")), json(ours.resolve("config.json")));
        assertEquals(json(theirs.resolve("model_index.json")), json(ours.resolve("model_index.json")));
        var scheduler = json(ours.resolve("scheduler_config.json"));
        json(theirs.resolve("scheduler_config.json")).forEach((key, value) -> {
            if (!key.equals("_diffusers_version")) {
                assertEquals(value, scheduler.get(key), key);
            }
        });
        assertEquals("epsilon", scheduler.get("prediction_type"));
        var written = Safetensors.read(ours.resolve(DiffusersFolder.WEIGHTS));
        assertEquals(Safetensors.read(theirs.resolve(DiffusersFolder.WEIGHTS)), written);
        try (var files = Files.list(folder)) {
            assertEquals(List.of(ours), files.toList());
        }
    }

    @Test
    void whatIsThereAlreadyIsLeftAlone() throws IOException {
        var model = StoredModel.open(Golden.path("hf_unet/current"), Weights.EMA);
        var tensors = model.tensors();
        Files.writeString(folder.resolve("kept"), "mine");
        assertThrows(FileAlreadyExistsException.class, () -> DiffusersFolder.write(folder, model.card(), tensors));
        assertEquals("mine", Files.readString(folder.resolve("kept")));
    }

    private static UNetConfig unet(List<Integer> multipliers, TimeEmbedding.Order order) {
        return new UNetConfig(
                3, 3, 16, UNetConfig.times(16, multipliers), 1, List.of(false, true), 0, 8, 1e-6, 0.25, 0, order, true);
    }

    @Test
    void whatDiffusersCannotSayIsRefusedAndNothingIsWritten() throws IOException {
        var good =
                ModelCard.of(unet(List.of(1, 2), TimeEmbedding.Order.COSINE_FIRST), BetaSchedule.cosine(100), 32, 32);
        var refusals = Map.of(
                "UNetMini",
                ModelCard.of(UNetMini.Config.ofChannels(3), BetaSchedule.ho2020(), 32, 32),
                "interleaved",
                ModelCard.of(unet(List.of(1, 2), TimeEmbedding.Order.INTERLEAVED), BetaSchedule.ho2020(), 32, 32),
                "is 32 wide at full resolution and 16",
                ModelCard.of(unet(List.of(2, 2), TimeEmbedding.Order.SINE_FIRST), BetaSchedule.ho2020(), 32, 32),
                "posterior mean",
                new ModelCard(
                        good.network(),
                        good.schedule(),
                        Prediction.MEAN,
                        Variance.FIXED_LARGE,
                        Clip.X0,
                        32,
                        32,
                        Map.of()));
        for (var refusal : refusals.entrySet()) {
            var refused = assertThrows(
                    IllegalArgumentException.class,
                    () -> DiffusersFolder.write(folder.resolve("out"), refusal.getValue(), Map.of()));
            assertTrue(refused.getMessage().contains(refusal.getKey()), refused.getMessage());
        }
        try (var files = Files.list(folder)) {
            assertEquals(0, files.count());
        }
    }

    static Stream<BetaSchedule> schedules() {
        return Stream.of(
                BetaSchedule.ho2020(),
                BetaSchedule.linear(50, 0.001, 0.3),
                BetaSchedule.quadratic(1000, 0.00085, 0.012),
                BetaSchedule.cosine(200),
                BetaSchedule.sigmoid(30),
                BetaSchedule.of(0.1, 0.3, 0.2));
    }

    @ParameterizedTest
    @MethodSource("schedules")
    void aCardSurvivesTheWayThroughDiffusers(BetaSchedule schedule) throws IOException {
        for (var prediction : List.of(Prediction.EPSILON, Prediction.X0, Prediction.V)) {
            var card = new ModelCard(
                    unet(List.of(1, 3), TimeEmbedding.Order.COSINE_FIRST),
                    schedule,
                    prediction,
                    Variance.FIXED_SMALL,
                    Clip.NONE,
                    24,
                    32,
                    Map.of());
            var out = folder.resolve(prediction.name());
            DiffusersFolder.write(out, card, zeros(card));
            var read = StoredModel.open(out, Weights.EMA);
            assertEquals(card.withNotes(read.card().notes()), read.card());
            assertEquals(zeros(card), read.tensors());
            var again = CardJson.read(out, CardJson.write(card)); // given betas have no formula
            assertEquals(card, again);
        }
    }

    @Test
    void aLearnedVarianceSurvivesDiffusersFolder() throws IOException {
        var network = unet(List.of(1, 3), TimeEmbedding.Order.COSINE_FIRST).withOutChannels(6);
        var card = new ModelCard(
                network, BetaSchedule.ho2020(), Prediction.EPSILON, Variance.LEARNED_RANGE, Clip.X0, 32, 32, Map.of());
        var out = folder.resolve("learned");
        DiffusersFolder.write(out, card, zeros(card));
        assertEquals(6, json(out.resolve("config.json")).get("out_channels"));
        var scheduler = out.resolve("scheduler_config.json");
        assertEquals("learned_range", json(scheduler).get("variance_type"));
        assertEquals(card, StoredModel.open(out, Weights.EMA).card().withNotes(Map.of()));
        assertEquals(card, CardJson.read(out, CardJson.write(card)));

        Files.writeString(scheduler, Files.readString(scheduler).replace("learned_range", "fixed_small"));
        var refused = assertThrows(FileFormatException.class, () -> StoredModel.open(out, Weights.EMA));
        assertTrue(
                refused.getMessage().contains("6 channels out for 3 in, and the variance FIXED_SMALL needs 3"),
                refused.getMessage());
    }

    private static Map<String, StoredTensor> zeros(ModelCard card) {
        var params = new Params();
        card.network().build(params.root());
        var tensors = new java.util.LinkedHashMap<String, StoredTensor>();
        params.shapes().forEach((name, shape) -> tensors.put(name, zeros(shape)));
        return tensors;
    }

    private static StoredTensor zeros(Shape shape) {
        return new StoredTensor(DType.FLOAT32, shape, ByteBuffer.allocate((int) shape.numel() * Float.BYTES));
    }

    @Test
    void schedulesAreWrittenByTheirEnds() throws IOException {
        var json = new DiffusersScheduler(
                        BetaSchedule.quadratic(1000, 0.00085, 0.012), Prediction.EPSILON, Variance.FIXED_SMALL, Clip.X0)
                .json();
        assertEquals(
                List.of("scaled_linear", 0.00085, 0.012),
                List.of(json.get("beta_schedule"), json.get("beta_start"), json.get("beta_end")));
        assertEquals(null, json.get("trained_betas"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"vqvae", "text_encoder"})
    void aPipelineWithFurtherPartsIsRefused(String part) throws IOException {
        var model = StoredModel.open(Golden.path("hf_unet/current"), Weights.EMA);
        var out = folder.resolve("ldm");
        DiffusersFolder.write(out, model.card(), model.tensors());
        Files.writeString(
                out.resolve("model_index.json"),
                "{\"_class_name\": \"LDMPipeline\", \"unet\": [\"a\", \"b\"], \"" + part + "\": [\"a\", \"b\"]}");
        var refused = assertThrows(FileFormatException.class, () -> StoredModel.open(out, Weights.EMA));
        assertTrue(refused.getMessage().contains("'" + part + "' is a part of this pipeline (LDMPipeline)"));
        assertFalse(refused.getMessage().contains("null"));
    }
}
