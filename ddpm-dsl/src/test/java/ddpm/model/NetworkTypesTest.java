package ddpm.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Timesteps;
import ddpm.io.FileFormatException;
import ddpm.io.Safetensors;
import ddpm.io.TensorFiles;
import ddpm.nn.Network;
import ddpm.nn.NetworkConfig;
import ddpm.nn.ParamPath;
import ddpm.testing.PlaneType;
import ddpm.testing.TinyImages;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.TensorScope;
import ddpm.train.Recipe;
import ddpm.train.RunObserver;
import ddpm.train.RunPlan;
import ddpm.train.TrainConfig;
import ddpm.train.TrainingRun;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A network of somebody else's goes wherever the built-in ones go. */
class NetworkTypesTest {
    private static final ModelCard CARD =
            ModelCard.of(new PlaneType.Plane(1, 64, 16), BetaSchedule.linear(100, 1e-3, 0.1), 8, 8);

    @Test
    void aForeignNetworkIsTrainedSavedResumedAndDrawn(@TempDir Path folder) throws Exception {
        var config = TrainConfig.notebook(3, 6).withBatch(4).withThreads(2);
        var recipe = new Recipe(CARD, new TinyImages(13), config);
        for (int steps : new int[] {3, 6}) { // the second goes on from the first's checkpoint
            try (var run = TrainingRun.open(
                    folder.resolve("run"),
                    recipe.withConfig(config.withSteps(steps)),
                    RunPlan.every(3),
                    RunObserver.SILENT)) {
                assertEquals(TrainingRun.Outcome.FINISHED, run.run());
            }
        }
        try (var model = Model.load(folder.resolve("run/model.safetensors"), Device.CPU);
                var prepared = model.prepared(DType.FLOAT32);
                var _ = TensorScope.open()) {
            assertEquals(CARD.network(), model.card().network());
            var chain = new Diffusion(CARD.schedule()).respaced(Timesteps.even(100, 5));
            var images = CARD.sampler(chain).sample(model, CARD.images(2), Noise.seed(1));
            // Packed linear layers round otherwise than the BLAS.
            assertArrayEquals(
                    images.toFloats(),
                    CARD.sampler(chain)
                            .sample(prepared, CARD.images(2), Noise.seed(1))
                            .toFloats(),
                    1e-4f);
            var e = assertThrows(IllegalArgumentException.class, () -> model.prepared(DType.BFLOAT16));
            assertTrue(e.getMessage().contains("does not compute in bfloat16"), e.getMessage());
        }
    }

    @Test
    void anUnknownTypeIsRefusedWithThoseThereAre(@TempDir Path folder) throws Exception {
        var e = assertThrows(IllegalArgumentException.class, () -> NetworkTypes.named("mydit"));
        assertTrue(e.getMessage().contains("'mydit'; there are UNet, UNetMini, Patched, plane"), e.getMessage());
        var text = CardJson.write(CARD).replace("\"plane\"", "\"mydit\"");
        var refused = assertThrows(FileFormatException.class, () -> CardJson.read(folder, text));
        assertTrue(refused.getMessage().contains("unknown network type 'mydit'"), refused.getMessage());
    }

    @Test
    void aConfigurationWithoutATypeIsNotStored() {
        record Nameless() implements NetworkConfig {
            @Override
            public Network build(ParamPath path) {
                throw new AssertionError();
            }

            @Override
            public int inChannels() {
                return 1;
            }
        }
        var card = ModelCard.of(new Nameless(), BetaSchedule.ho2020(), 8, 8);
        var e = assertThrows(IllegalArgumentException.class, card::metadata);
        assertTrue(e.getMessage().contains("META-INF/services/ddpm.model.NetworkType"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> card.network().withLabels(3));
        assertThrows(IllegalArgumentException.class, () -> card.network().withOutChannels(2));
    }

    @Test
    void parametersHaveFilesOfTheirOwn(@TempDir Path folder) throws Exception {
        var file = folder.resolve("part.safetensors");
        try (var model = new Model(CARD, Device.CPU);
                var other = new Model(CARD, Device.CPU)) {
            model.params().initialise((i, target) -> java.util.Arrays.fill(target, 0.25f));
            model.params().save(file, Map.of("who", "a test"));
            assertEquals(Map.of("who", "a test"), TensorFiles.open(file).metadata());
            other.params().load(file, ddpm.nn.Params.Strictness.EXACT);
            assertArrayEquals(
                    model.params().flat().toFloats(), other.params().flat().toFloats());
            var some = new java.util.LinkedHashMap<>(TensorFiles.read(file));
            some.remove("in.bias");
            some.put("else", some.get("out.1.bias"));
            Safetensors.write(file, some, Map.of());
            assertThrows(
                    IllegalArgumentException.class, () -> other.params().load(file, ddpm.nn.Params.Strictness.EXACT));
            other.params().load(file, ddpm.nn.Params.Strictness.PRESENT);
            some.keySet().removeIf(name -> !name.equals("else"));
            Safetensors.write(file, some, Map.of());
            assertThrows(
                    IllegalArgumentException.class, () -> other.params().load(file, ddpm.nn.Params.Strictness.PRESENT));
        }
    }
}
