package ddpm.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.Noise;
import ddpm.model.Model;
import ddpm.nn.Init;
import ddpm.nn.Layers;
import ddpm.nn.Params;
import ddpm.testing.TinyImages;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.Arrays;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** Parameters that are frozen, replaced or lent, and the pieces of a training step on them. */
class FrozenParamsTest {
    private static final Predicate<String> BIASES = name -> name.endsWith(".bias");

    /** AdamW decays what it updates; frozen weights must not even decay. */
    @Test
    void aTrainerLeavesFrozenParametersAlone() {
        for (int threads : new int[] {1, 2}) {
            try (var model = new Model(Tiny.card(), Device.CPU)) {
                model.params().initialise((i, target) -> Arrays.fill(target, 0.6f));
                model.params().trainable(BIASES);
                assertMovesBiasesAlone(model, threads);
            }
        }
    }

    @Test
    void requiresGradOfFalseFreezes() {
        try (var model = new Model(Tiny.card(), Device.CPU)) {
            model.params().initialise((i, target) -> Arrays.fill(target, 0.6f));
            model.params().trainable();
            for (var param : model.params().all()) {
                param.value().requiresGrad(BIASES.test(param.name()));
            }
            assertMovesBiasesAlone(model, 1);
        }
    }

    private static void assertMovesBiasesAlone(Model model, int threads) {
        try (var _ = TensorScope.open();
                var trainer = new Trainer(model, new TinyImages(13), Tiny.config(4, 10, threads))) {
            var before = model.params().named(model.params().flat().copy());
            for (int i = 0; i < 3; i++) {
                trainer.train();
            }
            int moved = 0;
            for (var param : model.params().all()) {
                boolean same = Arrays.equals(
                        before.get(param.name()).toFloats(), param.value().toFloats());
                assertTrue(same || BIASES.test(param.name()), param.name() + " moved");
                moved += same ? 0 : 1;
            }
            assertTrue(moved > 0, "biases moved");
        }
    }

    @Test
    void freezingEverythingIsRefused() {
        try (var model = new Model(Tiny.card(), Device.CPU)) {
            var e = assertThrows(
                    IllegalArgumentException.class, () -> model.params().trainable(_ -> false));
            assertTrue(e.getMessage().contains("is to be trained"), e.getMessage());
        }
    }

    /** y = (w + b a) x by a replaced weight, and its gradients by the chain rule. */
    @Test
    void aReplacedWeightIsComputedWithAndDifferentiatedThrough() {
        try (var params = new Params();
                var lora = new Params();
                var _ = TensorScope.open()) {
            var layer = Layers.linear(3, 2).at(params.root());
            var a = lora.root().param("a", Shape.of(1, 3), new Init.Constant(0.5f));
            var b = lora.root().param("b", Shape.of(2, 1), new Init.Constant(2));
            params.allocate(Device.CPU, DType.FLOAT32).initialise((i, target) -> Arrays.fill(target, 0.7f));
            lora.allocate(Device.CPU, DType.FLOAT32).initialise((i, target) -> {});
            var x = Tensor.of(new float[] {1, 2, 3}, Shape.of(1, 3));
            var plain = layer.forward(x).toFloats();
            params.root().replace("weight", w -> w.add(Ops.matmul(b.tensor(), a.tensor())));
            lora.trainable();
            var y = layer.forward(x);
            assertArrayEquals(new float[] {plain[0] + 6, plain[1] + 6}, y.toFloats(), 1e-5f);
            Ops.sum(y).backward();
            var gradients = lora.named(lora.flatGradient());
            assertArrayEquals(new float[] {4, 8, 12}, gradients.get("a").toFloats(), 1e-5f);
            assertArrayEquals(new float[] {3, 3}, gradients.get("b").toFloats(), 1e-5f);
            assertThrows(IllegalArgumentException.class, () -> params.replace("wieght", w -> w));
        }
    }

    @Test
    void aReplacedWeightOfFixedParametersIsComputedOnce() {
        var calls = new int[1];
        try (var params = new Params();
                var _ = TensorScope.open()) {
            var layer = Layers.linear(3, 2).at(params.root());
            params.allocate(Device.CPU, DType.FLOAT32).initialise((i, target) -> Arrays.fill(target, 0.7f));
            params.replace("weight", w -> {
                calls[0]++;
                return w.mul(2);
            });
            params.fixed();
            var x = Tensor.of(new float[] {1, 2, 3}, Shape.of(1, 3));
            var first = layer.forward(x).toFloats();
            assertArrayEquals(first, layer.forward(x).toFloats());
            assertEquals(1, calls[0]);
        }
    }

    @Test
    void otherWeightsAreLentAndComeBack() {
        try (var model = new Model(Tiny.card(), Device.CPU);
                var _ = TensorScope.open()) {
            Trainer.initialise(model.params(), Noise.seed(1));
            var own = model.params().flat().toFloats();
            try (var average = new Ema(0.5, false).of(model.params())) {
                model.params().flat().fill(1);
                average.update(0);
                try (var _ = model.params().with(average.flat())) {
                    assertEquals(0.5f * own[0] + 0.5f, model.params().flat().toFloats()[0], 1e-6f);
                }
                assertEquals(1, model.params().flat().toFloats()[0]);
            }
        }
    }

    @Test
    void aLossOfOnesOwnIsWhatTrainingLessens() {
        ExampleLoss towardsZero = (network, x0, t, epsilon) -> {
            var output = network.predict(x0, t);
            return Ops.mean(output.mul(output), 1, 2, 3);
        };
        try (var model = new Model(Tiny.card(), Device.CPU);
                var trainer = new Trainer(model, new TinyImages(13), Tiny.config(4, 60, 2), towardsZero)) {
            trainer.initialise();
            double first = trainer.train().loss();
            double last = first;
            for (int i = 0; i < 50; i++) {
                last = trainer.train().loss();
            }
            assertTrue(last < 0.5 * first, first + " to " + last);
            assertNotEquals(first, last);
        }
        try (var model = new Model(Tiny.card(), Device.CPU);
                var trainer =
                        new Trainer(model, new TinyImages(13), Tiny.config(4, 60, 1), (_, x0, _, _) -> Ops.mean(x0))) {
            var e = assertThrows(IllegalArgumentException.class, trainer::train);
            assertTrue(e.getMessage().contains("one number for each"), e.getMessage());
        }
    }
}
