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
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {
    private static final Diffusion PAPER = new Diffusion(BetaSchedule.ho2020());

    private static final double SIGMA = GaussianImages.SIGMA;
    private static final Diffusion FINE = GaussianImages.FINE;
    private static final int LAST = GaussianImages.LAST;

    private static Denoiser gaussian(Diffusion trained) {
        return GaussianImages.model(trained);
    }

    /**
     * The largest error against the exact end: along the probability flow x_t keeps its place in N(0, v_t), v_t = abar
     * SIGMA^2 + 1 - abar, so x_LAST = x_T sqrt(v_LAST / v_T), and E[x0 | x_LAST] = sqrt(abar) SIGMA^2 / v_LAST x_LAST.
     */
    private static double flowError(Sampler sampler, Noise noise) {
        try (var _ = TensorScope.open()) {
            var shape = Shape.of(2, 1, 4, 4);
            var images = sampler.sample(gaussian(FINE), shape, noise).toFloats();
            double signal = FINE.alphasCumprod().at(LAST);
            double scale = Math.sqrt(signal)
                    * SIGMA
                    * SIGMA
                    / Math.sqrt(GaussianImages.variance(LAST) * GaussianImages.variance(FINE.steps() - 1));
            double worst = 0;
            for (int image = 0; image < 2; image++) {
                var xT = noise.normals(Noise.Domain.INITIAL, image, 0, 16);
                for (int i = 0; i < 16; i++) {
                    worst = Math.max(worst, Math.abs(images[image * 16 + i] - scale * xT[i]));
                }
            }
            return worst;
        }
    }

    private static Diffusion chain(int steps) {
        return PAPER.respaced(Timesteps.even(PAPER.steps(), steps));
    }

    @Test
    void dpmSolverIsOfSecondOrderAndDdimOfFirst() {
        var noise = Noise.seed(5);
        double ddim25 = flowError(Sampler.ddim(GaussianImages.evenInSnr(25), 0).withClip(Clip.NONE), noise);
        double ddim50 = flowError(Sampler.ddim(GaussianImages.evenInSnr(50), 0).withClip(Clip.NONE), noise);
        double solver25 =
                flowError(Sampler.dpmSolver(GaussianImages.evenInSnr(25)).withClip(Clip.NONE), noise);
        double solver50 =
                flowError(Sampler.dpmSolver(GaussianImages.evenInSnr(50)).withClip(Clip.NONE), noise);
        // Twice the steps: an order p method errs 2^p times less, up to the terms that small steps would not have.
        assertTrue(ddim25 / ddim50 > 1.5 && ddim25 / ddim50 < 2.7, "DDIM: " + ddim25 + ", " + ddim50);
        assertTrue(solver25 / solver50 > 3, "DPM-Solver++: " + solver25 + ", " + solver50);
        assertTrue(solver50 < ddim50 / 3, "at 50 steps: " + solver50 + " against DDIM's " + ddim50);
    }

    @Test
    void ancestralSamplesHaveTheVarianceOfTheImages() {
        try (var _ = TensorScope.open()) {
            var sampler = Sampler.ancestral(PAPER, Variance.FIXED_SMALL).withClip(Clip.NONE);
            var images = sampler.sample(gaussian(PAPER), Shape.of(8, 1, 32, 32), Noise.seed(11))
                    .toFloats();
            double square = 0;
            for (float value : images) {
                square += value * (double) value;
            }
            // 8192 independent values: the standard error of the variance is 1.6 %.
            assertEquals(SIGMA * SIGMA, square / images.length, 0.06 * SIGMA * SIGMA);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void anImageIsTheSameAloneAndInAnyBatchOnAnyNumberOfThreads(int threads) {
        var sampler = Sampler.ancestral(chain(10), Variance.FIXED_LARGE).withThreads(threads);
        try (var _ = TensorScope.open()) {
            var model = gaussian(PAPER);
            var batch =
                    sampler.sample(model, Shape.of(5, 3, 8, 8), Noise.seed(7)).toFloats();
            var alone = sampler.withFirstImage(3)
                    .sample(model, Shape.of(1, 3, 8, 8), Noise.seed(7))
                    .toFloats();
            assertArrayEquals(alone, Arrays.copyOfRange(batch, 3 * 192, 4 * 192));
        }
    }

    /** A model of grey images whose second channel is v everywhere. */
    private static Denoiser learned(double v) {
        return (xt, t) -> Ops.cat(1, gaussian(PAPER).predict(xt, t), xt.mul(0).add(v));
    }

    @ParameterizedTest
    @CsvSource({"-1, FIXED_SMALL", "1, FIXED_LARGE"})
    void aLearnedVarianceReachesFromTheSmallToTheLargeFixedOne(double v, Variance fixed) {
        try (var _ = TensorScope.open()) {
            var shape = Shape.of(2, 1, 8, 8);
            var learned = Sampler.ancestral(chain(20), Variance.LEARNED_RANGE)
                    .sample(learned(v), shape, Noise.seed(3))
                    .toFloats();
            var same = Sampler.ancestral(chain(20), fixed)
                    .sample(gaussian(PAPER), shape, Noise.seed(3))
                    .toFloats();
            assertArrayEquals(same, learned, 1e-5f); // sigma is an exp of float32 there and a table's entry here
            // Solvers without a learned variance take the first half of the channels for the prediction.
            assertArrayEquals(
                    Sampler.ddim(chain(20), 0.5)
                            .sample(gaussian(PAPER), shape, Noise.seed(3))
                            .toFloats(),
                    Sampler.ddim(chain(20), 0.5)
                            .sample(learned(v), shape, Noise.seed(3))
                            .toFloats());
        }
    }

    @Test
    void aModelWithoutALearnedVarianceCannotBeSampledWithOne() {
        try (var _ = TensorScope.open()) {
            var sampler = Sampler.ancestral(chain(5), Variance.LEARNED_RANGE);
            var e = assertThrows(
                    IllegalArgumentException.class,
                    () -> sampler.sample(gaussian(PAPER), Shape.of(1, 1, 8, 8), Noise.seed(3)));
            assertTrue(e.getMessage().contains("2 channels of output for images of 1"), e.getMessage());
        }
    }

    @Test
    void theChainVisitsEveryTimestepFromTheLastToZeroOnce() {
        var visited = new ArrayList<Long>();
        Denoiser recording = (xt, t) -> {
            visited.add(t.toLongs()[0]);
            return xt;
        };
        try (var _ = TensorScope.open()) {
            Sampler.ancestral(chain(7), Variance.FIXED_SMALL)
                    .withThreads(1)
                    .sample(recording, Shape.of(1, 1, 2, 2), Noise.seed(1));
        }
        assertEquals(List.of(999L, 833L, 666L, 500L, 333L, 167L, 0L).size(), visited.size());
        assertEquals(999L, visited.getFirst());
        assertEquals(0L, visited.getLast());
        for (int i = 1; i < visited.size(); i++) {
            assertTrue(visited.get(i) < visited.get(i - 1), visited.toString());
        }
    }

    @Test
    void theTrajectoryEndsInTheImagesAndHasTheLengthAskedFor() {
        try (var _ = TensorScope.open()) {
            var sampler = Sampler.ancestral(chain(10), Variance.FIXED_SMALL).withTrajectory(4, Sampler.Frames.XT);
            var samples = sampler.sample(gaussian(PAPER), Shape.of(3, 1, 4, 4), Noise.seed(2), Device.CPU);
            assertEquals(4, samples.trajectory().size());
            assertArrayEquals(
                    samples.images().toFloats(), samples.trajectory().getLast().toFloats());
        }
    }

    @Test
    void clippingHappensBeforeTheMeanIsFormed() {
        // A model that says epsilon = 0 claims x0 = x / sqrt(abar), far outside the range at first.
        Denoiser zero = (xt, _) -> xt.mul(0);
        try (var _ = TensorScope.open()) {
            var images = Sampler.ddim(chain(5), 0)
                    .sample(zero, Shape.of(1, 1, 8, 8), Noise.seed(3))
                    .toFloats();
            for (float value : images) {
                assertTrue(Math.abs(value) <= 1, "the last step's mean is x0, which was clipped: " + value);
            }
        }
    }

    @Test
    void interruptionStopsAllSlicesAndLeavesNothingOpen() {
        long before = TensorScope.liveTensors();
        Denoiser interrupting = (xt, t) -> {
            if (t.toLongs()[0] == 500) {
                Thread.currentThread().interrupt();
            }
            return xt;
        };
        try (var _ = TensorScope.open()) {
            assertThrows(
                    CancellationException.class,
                    () -> Sampler.ancestral(PAPER, Variance.FIXED_SMALL)
                            .withThreads(2)
                            .sample(interrupting, Shape.of(4, 1, 2, 2), Noise.seed(1)));
        }
        assertEquals(before, TensorScope.liveTensors());
    }

    @Test
    void aFailingModelIsReportedAsItself() {
        Denoiser failing = (_, _) -> {
            throw new IllegalStateException("broken on purpose");
        };
        var thrown = assertThrows(IllegalStateException.class, () -> {
            try (var _ = TensorScope.open()) {
                Sampler.ancestral(PAPER, Variance.FIXED_SMALL).sample(failing, Shape.of(4, 1, 2, 2), Noise.seed(1));
            }
        });
        assertEquals("broken on purpose", thrown.getMessage());
    }

    @Test
    void progressCountsEveryStepOfEverySlice() {
        var last = new long[2];
        try (var _ = TensorScope.open()) {
            Sampler.ancestral(chain(10), Variance.FIXED_SMALL)
                    .withThreads(2)
                    .withProgress((done, of) -> {
                        assertEquals(last[0] + 1, done);
                        last[0] = done;
                        last[1] = of;
                    })
                    .sample(gaussian(PAPER), Shape.of(4, 1, 2, 2), Noise.seed(1));
        }
        assertEquals(20, last[0]);
        assertEquals(20, last[1]);
    }

    @Test
    void denoisingFromTheFirstStateOnIsSampling() {
        try (var _ = TensorScope.open()) {
            var sampler = Sampler.ancestral(chain(10), Variance.FIXED_LARGE).withThreads(2);
            var shape = Shape.of(2, 1, 4, 4);
            var noise = Noise.seed(6);
            var xT = new float[32];
            noise.normals(Noise.Domain.INITIAL, 0, 0, xT, 0, 16);
            noise.normals(Noise.Domain.INITIAL, 1, 0, xT, 16, 16);
            assertArrayEquals(
                    sampler.sample(gaussian(PAPER), shape, noise).toFloats(),
                    sampler.denoise(gaussian(PAPER), Tensor.of(xT, shape), 9, noise, Sampler.Addresses.EACH, Device.CPU)
                            .images()
                            .toFloats());
        }
    }

    @Test
    void denoisingFromStepTVisitsTDownToZeroInclusive() {
        var visited = new ArrayList<Long>();
        Denoiser recording = (xt, t) -> {
            visited.add(t.toLongs()[0]);
            return xt;
        };
        try (var _ = TensorScope.open()) {
            Sampler.ancestral(PAPER, Variance.FIXED_SMALL)
                    .denoise(
                            recording,
                            Tensor.of(new float[4], Shape.of(1, 1, 2, 2)),
                            3,
                            Noise.seed(1),
                            Sampler.Addresses.EACH,
                            Device.CPU);
        }
        assertEquals(List.of(3L, 2L, 1L, 0L), visited);
    }

    @Test
    void estimatesOfX0AreFramesToo() {
        try (var _ = TensorScope.open()) {
            var samples = Sampler.ancestral(chain(10), Variance.FIXED_SMALL)
                    .withTrajectory(10, Sampler.Frames.X0)
                    .sample(gaussian(PAPER), Shape.of(1, 1, 4, 4), Noise.seed(2), Device.CPU);
            assertEquals(10, samples.trajectory().size());
            for (var estimate : samples.trajectory()) {
                for (float value : estimate.toFloats()) {
                    assertTrue(Math.abs(value) <= 1, "clipped estimates are in the range of images");
                }
            }
            // The last step's mean is its estimate of x0.
            var last = samples.trajectory().getLast().toFloats();
            var images = samples.images().toFloats();
            for (int i = 0; i < last.length; i++) {
                assertEquals(last[i], images[i], 1e-6);
            }
        }
    }
}
