package ddpm.nn;

import static ddpm.testing.Close.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.Noise;
import ddpm.io.TensorFiles;
import ddpm.testing.Golden;
import ddpm.testing.NpyFile;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UNetTest {
    /** Measured between float32 and float64 runs of the recorded network: 3.5e-6. */
    private static final double TOLERANCE = 2e-5;

    @ParameterizedTest
    @CsvSource({"current, 0", "heads8, 8"})
    void itsOutputIsDiffusers(String folder, int headChannels) throws IOException {
        var config = new UNetConfig(
                3,
                3,
                16,
                List.of(16, 32),
                2,
                List.of(false, true),
                headChannels,
                8,
                1e-6,
                0,
                1,
                TimeEmbedding.Order.SINE_FIRST,
                false);
        try (var params = new Params();
                var _ = TensorScope.open()) {
            var network = config.build(params.root());
            params.allocate(Device.CPU, DType.FLOAT32);
            var tensors = new LinkedHashMap<String, Tensor>();
            TensorFiles.read(Golden.path("hf_unet/" + folder + (headChannels == 0 ? "" : "/unet")
                            + "/diffusion_pytorch_model.safetensors"))
                    .forEach((name, stored) ->
                            tensors.put(name, Tensor.of(stored.data(), stored.dtype(), stored.shape())));
            params.load(tensors); // refuses any name that is missing, unknown or of another shape
            var x = npy(folder, "x");
            var images = Tensor.of(x.floats(), Shape.of(x.shape()));
            for (var run : List.of(List.of("t", "eps"), List.of("t2", "eps2"))) {
                var t = npy(folder, run.get(0)).longs();
                var epsilon = network.forward(images, Tensor.of(t, Shape.of(t.length)));
                assertWithin(TOLERANCE, npy(folder, run.get(1)).floats(), epsilon.toFloats(), folder + " " + run);
            }
            var t = npy(folder, "t").longs();
            assertWithin(
                    1e-6,
                    npy(folder, "tap_temb_sinusoid").floats(),
                    sinusoid(16, 1, Tensor.of(t, Shape.of(t.length))).toFloats(),
                    "sinusoid");
        }
    }

    static Tensor sinusoid(int channels, int shift, Tensor t) {
        try (var params = new Params()) {
            var embedding = new TimeEmbedding(params.root(), channels, shift, TimeEmbedding.Order.SINE_FIRST);
            params.allocate(Device.CPU, DType.FLOAT32);
            return embedding.forward(t);
        }
    }

    private static NpyFile npy(String folder, String name) throws IOException {
        return NpyFile.read(Golden.path("hf_unet/" + folder + "/io/" + name + ".npy"));
    }

    @Test
    void thePapersModelsHaveTheirNumbersOfParameters() {
        assertEquals(35_746_307, count(UNetConfig.cifar10(3)));
        assertEquals(35_741_697, count(UNetConfig.cifar10(1)));
        assertEquals(113_673_219, count(UNetConfig.image256(3)));
    }

    @Test
    void theCifar10ModelHasTheTensorsOfDiffusers() {
        var params = new Params();
        UNetConfig.cifar10(3).build(params.root());
        var shapes = params.shapes();
        assertEquals(328, shapes.size());
        assertEquals(Shape.of(128, 3, 3, 3), shapes.get("conv_in.weight"));
        assertEquals(Shape.of(512, 512), shapes.get("time_embedding.linear_2.weight"));
        assertEquals(Shape.of(256, 128, 1, 1), shapes.get("down_blocks.1.resnets.0.conv_shortcut.weight"));
        assertEquals(Shape.of(256, 256), shapes.get("down_blocks.1.attentions.1.to_out.0.weight"));
        assertEquals(Shape.of(256, 512, 3, 3), shapes.get("up_blocks.0.resnets.0.conv1.weight"));
        assertEquals(Shape.of(256, 256), shapes.get("up_blocks.2.attentions.2.to_v.weight"));
        assertEquals(Shape.of(128, 384, 3, 3), shapes.get("up_blocks.3.resnets.0.conv1.weight"));
    }

    /** diffusers' UNet2DModel with num_class_embeds = 11 has one tensor more, of 11 rows as wide as the time embedding. */
    @Test
    void labelsAddTheTensorThatDiffusersHasAndChangeNothingElse() {
        var plain = new Params();
        UNetConfig.mini(1).build(plain.root());
        var conditional = new Params();
        UNetConfig.mini(1).withLabels(11).build(conditional.root());
        var more = new LinkedHashMap<>(conditional.shapes());
        assertEquals(Shape.of(11, 128), more.remove("class_embedding.weight"));
        assertEquals(List.copyOf(plain.shapes().entrySet()), List.copyOf(more.entrySet()), "in the same order");
        assertEquals(UNetConfig.mini(1), UNetConfig.mini(1).withLabels(11).withLabels(0));
    }

    @Test
    void imagesAndLabelsComeTogetherOrAreRefused() {
        try (var _ = TensorScope.open();
                var params = new Params();
                var others = new Params()) {
            var plain = UNetConfig.mini(1).build(params.root());
            var conditional = UNetConfig.mini(1).withLabels(3).build(others.root());
            var x = Tensor.zeros(Shape.of(2, 1, 8, 8), DType.FLOAT32, Device.CPU);
            var t = Tensor.of(new long[] {5}, Shape.of(1));
            var two = Tensor.of(new long[] {0, 1}, Shape.of(2));
            var three = Tensor.of(new long[] {0, 1, 2}, Shape.of(3));
            assertRefused("takes no labels, and [2] came", () -> plain.forward(x, t, two));
            assertRefused("takes one of 3 labels per image, and none came", () -> conditional.forward(x, t));
            assertRefused("one label per image, int64 [2]", () -> conditional.forward(x, t, three));
            assertRefused("one label per image, int64 [2]", () -> conditional.forward(x, t, two.to(DType.FLOAT32)));
            assertRefused(
                    "labels are 0 to 1000000, not -1", () -> UNetConfig.mini(1).withLabels(-1));
            assertRefused(
                    "timeChannels=128] cannot be class-conditional on",
                    () -> UNetMini.Config.ofChannels(1).withLabels(1));
        }
    }

    private static void assertRefused(String part, Executable call) {
        var refused = assertThrows(IllegalArgumentException.class, call);
        assertTrue(refused.getMessage().contains(part), refused.getMessage());
    }

    /** The paper's initialisation makes the last layer almost 0, so the first error is the variance of the noise: 1. */
    @Test
    void aFreshModelPredictsAlmostNothing() {
        try (var params = new Params();
                var _ = TensorScope.open();
                var _ = GradMode.off()) {
            var noise = Noise.seed(1);
            var network = UNetConfig.cifar10(3).build(params.root());
            params.allocate(Device.CPU, DType.FLOAT32)
                    .initialise((parameter, target) ->
                            noise.uniforms(Noise.Domain.INIT, parameter, 0, target, 0, target.length));
            var shape = Shape.of(2, 3, 32, 32);
            var x = Tensor.of(noise.normals(Noise.Domain.INITIAL, 0, 0, (int) shape.numel()), shape);
            var epsilon = Tensor.of(noise.normals(Noise.Domain.TRAIN_NOISE, 0, 0, (int) shape.numel()), shape);
            var predicted = network.forward(x, Tensor.of(new long[] {0, 999}, Shape.of(2)));
            double loss = Ops.mseLoss(predicted, epsilon).item();
            assertTrue(loss > 0.95 && loss < 1.05, "epsilon-MSE of a fresh model: " + loss);
            double size = Ops.mean(predicted.mul(predicted)).item();
            assertTrue(size > 0 && size < 1e-4, "mean square of a fresh model's output: " + size);
        }
    }

    private static long count(UNetConfig config) {
        var params = new Params();
        config.build(params.root());
        return params.count();
    }

    @Test
    void aChangedConfigurationChangesOnlyWhatWasAsked() {
        var mini = UNetConfig.mini(1);
        assertEquals(mini.withLabels(11), mini.withLabels(11).withOutChannels(1));
        assertEquals(
                mini.withLabels(11).withOutChannels(2), mini.withOutChannels(2).withLabels(11));
    }
}
