package ddpm.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Timesteps;
import ddpm.diffusion.Variance;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SharedLatentTest {
    private static final Diffusion CHAIN = new Diffusion(BetaSchedule.ho2020()).respaced(Timesteps.even(1000, 20));
    private static final Denoiser MODEL = GaussianImages.model(new Diffusion(BetaSchedule.ho2020()));
    private static final Sampler SAMPLER =
            Sampler.ancestral(CHAIN, Variance.FIXED_SMALL).withClip(Clip.NONE).withFirstImage(3);
    private static final Shape IMAGE = Shape.of(1, 1, 8, 8);
    private static final Noise NOISE = Noise.seed(9);

    private static float[][] draw(Sampler sampler, int steps, int count) {
        try (var _ = TensorScope.open()) {
            var all = new SharedLatent(sampler)
                    .draw(MODEL, IMAGE, steps, count, NOISE, Device.CPU)
                    .toFloats();
            var rows = new float[1 + count][];
            Arrays.setAll(rows, i -> Arrays.copyOfRange(all, 64 * i, 64 * (i + 1)));
            return rows;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 13, 20})
    void theSharedStateIsTheChainsAndTheFirstImageIsItsEnd(int steps) {
        var rows = draw(SAMPLER, steps, 3);
        try (var _ = TensorScope.open()) {
            var samples = SAMPLER.withTrajectory(20, Sampler.Frames.XT).sample(MODEL, IMAGE, NOISE, Device.CPU);
            var xt = steps == 20
                    ? NOISE.normals(Noise.Domain.INITIAL, 3, 0, 64)
                    : samples.trajectory().get(19 - steps).toFloats();
            assertArrayEquals(xt, rows[0]);
            assertArrayEquals(samples.images().toFloats(), rows[1]);
        }
    }

    @Test
    void theLaterTheStateIsSharedTheMoreAlikeTheImagesAre() {
        double before = Double.MAX_VALUE;
        for (int steps : new int[] {20, 12, 6, 3}) {
            var rows = draw(SAMPLER, steps, 8);
            double spread = 0;
            for (int i = 0; i < 64; i++) {
                double mean = 0;
                double square = 0;
                for (int k = 1; k <= 8; k++) {
                    mean += rows[k][i] / 8;
                    square += rows[k][i] * rows[k][i] / 8.0;
                }
                spread += (square - mean * mean) / 64;
            }
            assertTrue(spread > 0 && spread < before, steps + " steps: " + spread + " after " + before);
            before = spread;
        }
    }

    @Test
    void aSamplerWithoutNoiseDrawsOneImageSeveralTimes() {
        var rows = draw(Sampler.ddim(CHAIN, 0), 10, 2);
        assertArrayEquals(rows[1], rows[2]);
    }

    @Test
    void aStateOutsideTheChainIsRefused() {
        for (int steps : new int[] {0, 21}) {
            var refusal = assertThrows(IllegalArgumentException.class, () -> draw(SAMPLER, steps, 2));
            assertTrue(refusal.getMessage().contains("state " + steps + " steps before the end (1..20)"));
        }
        assertThrows(IllegalArgumentException.class, () -> draw(SAMPLER, 5, 0));
        for (int step : new int[] {-1, 20}) {
            var refusal = assertThrows(
                    IllegalArgumentException.class, () -> SAMPLER.latent(MODEL, IMAGE, NOISE, step, Device.CPU));
            assertTrue(refusal.getMessage().contains("at step " + step + ": "), refusal.getMessage());
        }
    }

    @Test
    void onlyTheStepsAboveTheStateAreWalked() {
        var asked = new ArrayList<Long>();
        Denoiser recording = (xt, t) -> {
            asked.add(t.toLongs()[0]);
            return xt;
        };
        try (var _ = TensorScope.open()) {
            Tensor xt = SAMPLER.withThreads(1).latent(recording, IMAGE, NOISE, 17, Device.CPU);
            assertEquals(IMAGE, xt.shape());
        }
        assertEquals(List.of(999L, 946L), asked);
    }
}
