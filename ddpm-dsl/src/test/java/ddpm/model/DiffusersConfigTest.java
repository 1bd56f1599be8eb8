package ddpm.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.io.FileFormatException;
import ddpm.nn.Params;
import ddpm.nn.TimeEmbedding;
import ddpm.nn.UNetConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DiffusersConfigTest {
    /** As google/ddpm-cifar10-32 and google/ddpm-celebahq-256 have it, but for their sizes and blocks. */
    private static final String GOOGLE = """
            {"_class_name": "UNet2DModel", "_diffusers_version": "0.0.4", "act_fn": "silu", "attention_head_dim": null,
             "center_input_sample": false, "downsample_padding": %d, "flip_sin_to_cos": false, "freq_shift": 1,
             "in_channels": 3, "layers_per_block": 2, "mid_block_scale_factor": 1, "norm_eps": 1e-06,
             "norm_num_groups": 32, "out_channels": 3, "time_embedding_type": "positional", "sample_size": %d,
             "block_out_channels": %s, "down_block_types": %s, "up_block_types": %s}
            """;

    @TempDir
    Path folder;

    private Path write(String json) throws IOException {
        return Files.writeString(folder.resolve("config.json"), json);
    }

    private DiffusersUNet unet(String json) throws IOException {
        return DiffusersUNet.read(write(json));
    }

    private DiffusersScheduler scheduler(String json) throws IOException {
        return DiffusersScheduler.read(write(json));
    }

    private static void assertParameters(long count, int tensors, UNetConfig config) {
        var params = new Params();
        config.build(params.root());
        assertEquals(count, params.count());
        assertEquals(tensors, params.shapes().size());
    }

    @Test
    void googlesCifar10ModelIsThePapers() throws IOException {
        var unet = unet(GOOGLE.formatted(
                0,
                32,
                "[128, 256, 256, 256]",
                "[\"DownBlock2D\", \"AttnDownBlock2D\", \"DownBlock2D\", \"DownBlock2D\"]",
                "[\"UpBlock2D\", \"UpBlock2D\", \"AttnUpBlock2D\", \"UpBlock2D\"]"));
        assertParameters(35_746_307, 328, unet.network());
        assertEquals(32, unet.height());
        assertEquals(Map.of(), unet.notes());
        var paper = UNetConfig.cifar10(3);
        assertEquals(
                List.of(paper.widths(), paper.attention(), paper.timeOrder(), paper.timeShift()),
                List.of(
                        unet.network().widths(),
                        unet.network().attention(),
                        unet.network().timeOrder(),
                        unet.network().timeShift()));
    }

    @Test
    void googlesCelebaHqModelIsThePapers() throws IOException {
        var unet = unet(GOOGLE.formatted(
                0,
                256,
                "[128, 128, 256, 256, 512, 512]",
                "[\"DownBlock2D\", \"DownBlock2D\", \"DownBlock2D\", \"DownBlock2D\", \"AttnDownBlock2D\", \"DownBlock2D\"]",
                "[\"UpBlock2D\", \"AttnUpBlock2D\", \"UpBlock2D\", \"UpBlock2D\", \"UpBlock2D\", \"UpBlock2D\"]"));
        var paper = new Params();
        UNetConfig.image256(3).build(paper.root());
        assertParameters(113_673_219, paper.shapes().size(), unet.network());
        assertEquals(UNetConfig.image256(3), unet.network());
    }

    @Test
    void classEmbeddingsAreLabels() throws IOException {
        assertEquals(
                11,
                unet("{\"num_class_embeds\": 11, \"class_embed_type\": null}")
                        .network()
                        .labels());
        assertEquals(0, unet("{\"num_class_embeds\": null}").network().labels());
    }

    @Test
    void missingFieldsHaveTheClassDefaults() throws IOException {
        var unet = unet("{}");
        assertEquals(
                new UNetConfig(
                        3,
                        3,
                        224,
                        List.of(224, 448, 672, 896),
                        2,
                        List.of(false, true, true, true),
                        8,
                        32,
                        1e-5,
                        0,
                        0,
                        TimeEmbedding.Order.COSINE_FIRST,
                        true),
                unet.network());
    }

    @Test
    void anImageSizeThatNobodyToldIsNoted() throws IOException {
        var unet = unet("{\"sample_size\": null}");
        assertEquals(List.of(32, 32), List.of(unet.height(), unet.width()));
        assertTrue(
                unet.notes().get("assumed size").startsWith("32 x 32: "),
                unet.notes().toString());
        var wide = unet("{\"sample_size\": [24, 40]}");
        assertEquals(List.of(24, 40), List.of(wide.height(), wide.width()));
        assertFalse(wide.notes().containsKey("assumed size"));
    }

    @Test
    void aTrainersFieldsAreIgnoredByName() throws IOException {
        var notes = unet("{\"decay\": 0.9999, \"power\": 0.75, \"_name_or_path\": \"x\", \"inv_gamma\": null}")
                .notes();
        assertEquals("of config.json: decay, power", notes.get("ignored"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "class_embed_type; 'timestep'",
                "num_class_embeds; 'ten'",
                "num_class_embeds; 0",
                "add_attention; false",
                "resnet_time_scale_shift; 'scale_shift'",
                "act_fn; 'mish'",
                "center_input_sample; true",
                "mid_block_scale_factor; 1.4142",
                "mid_block_type; null",
                "attn_norm_num_groups; 16",
                "time_embedding_type; 'fourier'",
                "downsample_type; 'resnet'",
                "upsample_type; 'resnet'",
                "downsample_padding; 2",
                "freq_shift; 2",
                "attention_legacy_order; true",
                "attention_head_dim; 0",
                "norm_num_groups; null",
                "block_out_channels; [32, 64]",
                "block_out_channels; [32, 64, 'x', 64]",
                "down_block_types; ['DownBlock2D', 'AttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D']",
                "down_block_types; ['ResnetDownsampleBlock2D', 'DownBlock2D', 'DownBlock2D', 'DownBlock2D']",
                "up_block_types; ['AttnUpBlock2D', 'UpBlock2D', 'UpBlock2D', 'UpBlock2D']",
                "sample_size; 'large'",
                "sample_size; [32]",
                "layers_per_block; 2.5",
                "_class_name; 'UNet2DConditionModel'"
            },
            quoteCharacter = '"')
    void whatTheUNetCannotDoIsRefusedByName(String key, String value) {
        var refused = assertThrows(
                FileFormatException.class, () -> unet("{\"" + key + "\": " + value.replace('\'', '"') + "}"));
        assertTrue(refused.reason().startsWith("'" + key + "' "), refused.reason());
    }

    @Test
    void widthsNeedNotBeMultiplesOfTheFirst() throws IOException {
        var read = unet("{\"block_out_channels\": [16, 24, 40, 64], \"norm_num_groups\": 8}");
        assertEquals(List.of(16, 24, 40, 64), read.network().widths());
        assertEquals(List.of(16, 24, 40, 64), read.json().get("block_out_channels"));
        var card = ModelCard.of(read.network(), BetaSchedule.cosine(10), 32, 32);
        var text = CardJson.write(card);
        assertTrue(text.contains("\"widths\":[16,24,40,64]"), text);
        assertEquals(card, CardJson.read(Path.of("f"), text));
        var multiples = CardJson.write(ModelCard.of(UNetConfig.mini(3), BetaSchedule.cosine(10), 32, 32));
        assertTrue(multiples.contains("\"multipliers\":[1,2,2]"), multiples);
    }

    @Test
    void aWidthThatItsGroupsDoNotDivideIsRefused() {
        var refused = assertThrows(FileFormatException.class, () -> unet("{\"block_out_channels\": [36, 72, 72, 72]}"));
        assertTrue(refused.reason().contains("32 norm groups divide every width"), refused.reason());
    }

    @Test
    void damagedConfigurationsAreNamed() {
        for (var text : List.of("", "[]", "{\"a\": 1, \"a\": 2}", "{\"a\": NaN}", "{} {}", "{\"in_channels\": 3")) {
            var refused = assertThrows(FileFormatException.class, () -> unet(text), text);
            assertTrue(refused.getMessage().startsWith(folder.resolve("config.json") + ": "), refused.getMessage());
        }
    }

    @Test
    void aSchedulersMissingFieldsHaveTheClassDefaults() throws IOException {
        assertEquals(
                new DiffusersScheduler(BetaSchedule.ho2020(), Prediction.EPSILON, Variance.FIXED_SMALL, Clip.X0),
                scheduler("{}"));
        assertEquals(DiffusersScheduler.defaults(), scheduler("{\"_class_name\": \"DDIMScheduler\"}"));
    }

    @Test
    void whatASchedulerSaysIsTaken() throws IOException {
        var read = scheduler("""
                {"_class_name": "DDPMScheduler", "beta_schedule": "squaredcos_cap_v2", "num_train_timesteps": 500,
                 "prediction_type": "v_prediction", "variance_type": "fixed_large", "clip_sample": false,
                 "clip_sample_range": 2.0, "timestep_spacing": "trailing"}""");
        assertEquals(
                new DiffusersScheduler(BetaSchedule.cosine(500), Prediction.V, Variance.FIXED_LARGE, Clip.NONE), read);
        assertEquals(
                BetaSchedule.quadratic(1000, 0.00085, 0.012),
                scheduler("{\"beta_schedule\": \"scaled_linear\", \"beta_start\": 0.00085, \"beta_end\": 0.012}")
                        .schedule());
        assertEquals(Prediction.X0, scheduler("{\"predict_epsilon\": false}").prediction());
        assertEquals(
                Prediction.X0, scheduler("{\"prediction_type\": \"sample\"}").prediction());
        assertEquals(
                BetaSchedule.of(0.1, 0.2),
                scheduler("{\"trained_betas\": [0.1, 0.2]}").schedule());
    }

    /** sigmoid(-6) = 0.0024726, sigmoid(0) = 1/2. */
    @Test
    void itsSigmoidIsOneOfBetas() throws IOException {
        var betas = scheduler("{\"beta_schedule\": \"sigmoid\", \"num_train_timesteps\": 3, \"beta_end\": 0.0201}")
                .schedule()
                .betas();
        assertEquals(1e-4 + 0.02 * 0.00247262315663477, betas.at(0), 1e-15);
        assertEquals(0.0101, betas.at(1), 1e-15);
        assertEquals(0.0201 - 0.02 * 0.00247262315663477, betas.at(2), 1e-15);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "_class_name; 'ScoreSdeVeScheduler'",
                "beta_schedule; 'laplace'",
                "prediction_type; 'flow_prediction'",
                "variance_type; 'learned'",
                "variance_type; null",
                "thresholding; true",
                "clip_sample_range; 2.0",
                "rescale_betas_zero_snr; true",
                "num_train_timesteps; '1000'"
            },
            quoteCharacter = '"')
    void whatNoSamplerHereCanDoIsRefusedByName(String key, String value) {
        var refused = assertThrows(
                FileFormatException.class, () -> scheduler("{\"" + key + "\": " + value.replace('\'', '"') + "}"));
        assertTrue(refused.reason().startsWith("'" + key + "' "), refused.reason());
    }

    @Test
    void aLearnedRangeIsRead() throws IOException {
        assertEquals(
                Variance.LEARNED_RANGE,
                scheduler("{\"variance_type\": \"learned_range\"}").variance());
    }

    @Test
    void impossibleBetasAreRefused() {
        Map.of(
                        "\"beta_end\": 1.5", "alphasCumprod[311] of linear(1000, 1.0E-4, 1.5)",
                        "\"num_train_timesteps\": 0", "steps",
                        "\"trained_betas\": [0.1, 1.0]", "beta[1]",
                        "\"beta_schedule\": \"sigmoid\", \"num_train_timesteps\": -1", "steps, not -1")
                .forEach((fields, reason) -> {
                    var refused = assertThrows(FileFormatException.class, () -> scheduler("{" + fields + "}"), fields);
                    assertTrue(refused.reason().contains(reason), refused.reason());
                });
    }

    @Test
    void aNetworkWhoseOutputsDoNotSuitTheVarianceIsRefusedByName() {
        var mini = UNetConfig.mini(3);
        for (var variance : Variance.values()) {
            var network = mini.withOutChannels(variance.isLearned() ? 3 : 6);
            var refused = assertThrows(
                    IllegalArgumentException.class,
                    () -> new ModelCard(
                            network, BetaSchedule.ho2020(), Prediction.EPSILON, variance, Clip.X0, 32, 32, Map.of()));
            var said = variance.isLearned()
                    ? "3 channels out for 3 in, and the variance LEARNED_RANGE needs 6"
                    : "6 channels out for 3 in, and the variance " + variance + " needs 3";
            assertTrue(refused.getMessage().contains(said), refused.getMessage());
        }
    }

    @Test
    void earlyCardsWithAFlagForTheEmbeddingAreRead() throws IOException {
        var card = ModelCard.of(UNetConfig.mini(1), BetaSchedule.ho2020(), 32, 32);
        var today = CardJson.write(card);
        var early = today.replace("\"timeOrder\":\"SINE_FIRST\"", "\"cosineFirst\":false");
        assertFalse(early.equals(today));
        assertEquals(card, CardJson.read(folder, early));
        var flipped = CardJson.read(folder, early.replace("\"cosineFirst\":false", "\"cosineFirst\":true"));
        assertEquals(TimeEmbedding.Order.COSINE_FIRST, ((UNetConfig) flipped.network()).timeOrder());
    }
}
