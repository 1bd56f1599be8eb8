package ddpm.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.ForwardProcess;
import ddpm.diffusion.Loss;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Objective;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Timesteps;
import ddpm.diffusion.Variance;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Outputs of other shapes would broadcast into wrong images in silence; they are refused where they enter. */
class DenoiserShapeTest {
    private static final Diffusion CHAIN = new Diffusion(BetaSchedule.ho2020()).respaced(Timesteps.even(1000, 3));
    private static final Shape SHAPE = Shape.of(4, 2, 4, 4);
    private static final List<Shape> WRONG = List.of(
            Shape.of(1, 2, 4, 4),
            Shape.of(4, 1, 1, 1),
            Shape.of(4, 2, 1, 4),
            Shape.of(4, 3, 4, 4),
            Shape.of(2, 4, 4),
            Shape.of());

    private static Tensor zeros(Shape shape) {
        return Tensor.zeros(shape, DType.FLOAT32, Device.CPU);
    }

    @Test
    void samplersRefuseOutputsThatWouldBroadcast() {
        for (var clip : Clip.values()) {
            var sampler = new Sampler(CHAIN, new Solver.Ancestral(Variance.FIXED_LARGE), clip).withThreads(1);
            for (var shape : WRONG) {
                try (var _ = TensorScope.open()) {
                    var e = assertThrows(
                            IllegalArgumentException.class,
                            () -> sampler.sample((_, _) -> zeros(shape), SHAPE, Noise.seed(1)));
                    assertTrue(
                            e.getMessage().contains("the model's output is " + shape + " for x_t of shape " + SHAPE),
                            e.getMessage());
                }
            }
        }
    }

    @Test
    void lossesRefuseOutputsThatWouldBroadcast() {
        try (var _ = TensorScope.open()) {
            for (var objective : List.of(Objective.SIMPLE, Objective.VLB, Objective.MIN_SNR)) {
                var loss = new Loss(CHAIN, Prediction.EPSILON, Variance.FIXED_LARGE, objective, Device.CPU);
                var x = zeros(SHAPE);
                var t = Tensor.of(new long[] {0, 1, 2, 0}, Shape.of(4));
                for (var shape : WRONG) {
                    assertThrows(IllegalArgumentException.class, () -> loss.perImage(x, x, x, t, zeros(shape)));
                }
            }
        }
    }

    @Test
    void aModelThatHoldsSomethingForEachImageIsToldOfSlices() {
        try (var _ = TensorScope.open()) {
            var each = zeros(SHAPE);
            Denoiser closing = (x, _) -> x.add(each);
            var sampler = Sampler.ancestral(CHAIN, Variance.FIXED_LARGE);
            assertEquals(
                    SHAPE,
                    sampler.withThreads(1).sample(closing, SHAPE, Noise.seed(1)).shape());
            var e = assertThrows(
                    IllegalArgumentException.class, () -> sampler.withThreads(2).sample(closing, SHAPE, Noise.seed(1)));
            assertTrue(e.getMessage().contains("overrides Denoiser.slice"), e.getMessage());
        }
    }

    @Test
    void examplesOfAnyRankAreNoised() {
        try (var _ = TensorScope.open()) {
            var forward = new ForwardProcess(CHAIN, Device.CPU);
            var t = Tensor.of(new long[] {0, 2}, Shape.of(2));
            var four = Tensor.of(new float[] {1, 2, 3, 4}, Shape.of(2, 2, 1, 1));
            var two = four.view(2, 2);
            assertEquals(Shape.of(2, 2), forward.xt(two, t, two).shape());
            assertArrayEquals(
                    forward.xt(four, t, four).toFloats(),
                    forward.xt(two, t, two).toFloats());
            var three = Tensor.of(new long[] {0, 1, 2}, Shape.of(3));
            assertThrows(IllegalArgumentException.class, () -> forward.xt(two, three, two));
        }
    }
}
