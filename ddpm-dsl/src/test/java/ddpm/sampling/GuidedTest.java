package ddpm.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.ConditionalDenoiser;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Guided;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Variance;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GuidedTest {
    private static final int NULL_LABEL = 9;

    /** Batches that the model was asked about. */
    private final List<Long> batches = Collections.synchronizedList(new ArrayList<>());

    /** {@code label^2 + x + t / 100}: what comes out tells what went in. */
    private Tensor model(Tensor xt, Tensor t, Tensor labels) {
        batches.add(xt.shape().size(0));
        assertEquals(Shape.of(xt.shape().size(0)), labels.shape(), "one label per image");
        var label = labels.to(DType.FLOAT32).view(-1, 1, 1, 1);
        return xt.add(label.mul(label))
                .add(t.to(DType.FLOAT32).view(-1, 1, 1, 1).mul(0.01));
    }

    private Denoiser guided(double weight, long... labels) {
        return Guided.of(this::model, labels, NULL_LABEL, weight, Device.CPU);
    }

    /** By hand: the null label gives 81, label 3 gives 9, label 5 gives 25, and x and t are there in both. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.5, 1, 2, 7.5})
    void theTwoPredictionsAreMixedByTheWeight(double weight) {
        try (var _ = TensorScope.open()) {
            var x = Tensor.of(new float[] {0.5f, -0.25f}, Shape.of(2, 1, 1, 1));
            var t = Tensor.of(new long[] {300}, Shape.of(1));
            var each = Tensor.of(new long[] {300, 300}, Shape.of(2));
            float[] expected = {
                (float) (0.5 + 3 + 81 + weight * (9 - 81)), (float) (-0.25 + 3 + 81 + weight * (25 - 81))
            };
            // Numbers up to 600, an ulp of which is 6e-5.
            assertArrayEquals(expected, guided(weight, 3, 5).predict(x, t).toFloats(), 1e-4f);
            assertArrayEquals(expected, guided(weight, 3, 5).predict(x, each).toFloats(), 1e-4f);
            long size = weight == 0 || weight == 1 ? 2 : 4;
            assertEquals(List.of(size, size), batches, "two predictions only where both count");
        }
    }

    @Test
    void channelsBeyondThoseOfTheImageAreTheConditionalModels() {
        ConditionalDenoiser learned = (xt, t, labels) ->
                Ops.cat(1, model(xt, t, labels), labels.to(DType.FLOAT32).view(-1, 1, 1, 1));
        try (var _ = TensorScope.open()) {
            var x = Tensor.zeros(Shape.of(1, 1, 1, 1), DType.FLOAT32, Device.CPU);
            var t = Tensor.of(new long[] {0}, Shape.of(1));
            var output = Guided.of(learned, new long[] {3}, NULL_LABEL, 2, Device.CPU)
                    .predict(x, t);
            assertEquals(Shape.of(1, 2, 1, 1), output.shape());
            assertArrayEquals(new float[] {81 + 2 * (9 - 81), 3}, output.toFloats());
        }
    }

    /** Each image is told its own label, however the batch is cut over threads or calls. */
    @Test
    void anImageDependsOnItsLabelAndNotOnItsBatch() {
        var diffusion = new Diffusion(BetaSchedule.linear(5, 0.1, 0.5));
        var sampler = Sampler.ancestral(diffusion, Variance.FIXED_LARGE).withClip(Clip.NONE);
        long[] labels = {1, 2, 0, 3, 2};
        try (var _ = TensorScope.open()) {
            var shape = Shape.of(5, 1, 2, 2);
            var whole = sampler.withThreads(1)
                    .sample(guided(1.5, labels), shape, Noise.seed(3))
                    .toFloats();
            var cut = sampler.withThreads(3)
                    .sample(guided(1.5, labels), shape, Noise.seed(3))
                    .toFloats();
            assertArrayEquals(whole, cut);
            var alone = sampler.withFirstImage(3)
                    .sample(guided(1.5, 3), shape.with(0, 1), Noise.seed(3))
                    .toFloats();
            assertArrayEquals(Arrays.copyOfRange(whole, 12, 16), alone);
            var other = sampler.withFirstImage(3)
                    .sample(guided(1.5, 2), shape.with(0, 1), Noise.seed(3))
                    .toFloats();
            assertTrue(other[0] != alone[0], "the label counts");
        }
    }

    @Test
    void nothingIsLeftOpenByAChain() {
        var sampler = Sampler.ancestral(new Diffusion(BetaSchedule.linear(3, 0.1, 0.5)), Variance.FIXED_LARGE);
        long before = TensorScope.liveTensors();
        try (var _ = TensorScope.open()) {
            sampler.sample(guided(3, 1, 2), Shape.of(2, 1, 2, 2), Noise.seed(3));
        }
        assertEquals(before, TensorScope.liveTensors());
    }

    @Test
    void weightsAndLabelsOutOfRangeAreRefused() {
        for (double weight : new double[] {-0.1, Double.NaN, Double.POSITIVE_INFINITY}) {
            var refused = assertThrows(IllegalArgumentException.class, () -> guided(weight, 1));
            assertTrue(refused.getMessage().endsWith("not " + weight), refused.getMessage());
        }
        assertThrows(IllegalArgumentException.class, () -> Guided.of(this::model, new long[] {1}, -1, 2, Device.CPU));
        var few = assertThrows(
                IllegalArgumentException.class, () -> guided(2, 1, 2).slice(1, 3));
        assertEquals("there are labels for images 0..1, and images 1..2 are to be drawn", few.getMessage());
    }
}
