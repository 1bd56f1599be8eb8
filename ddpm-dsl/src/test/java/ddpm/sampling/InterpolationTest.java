package ddpm.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.testing.Close;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both ways between two images: by the paper's noising, and by DDIM. */
class InterpolationTest {
    private static final Diffusion PAPER = new Diffusion(BetaSchedule.ho2020());
    private static final Shape IMAGE = Shape.of(1, 1, 4, 4);

    private static Tensor image(long seed) {
        var random = new Random(seed);
        var values = new float[16];
        for (int i = 0; i < 16; i++) {
            values[i] = (float) random.nextGaussian() / 2;
        }
        return Tensor.of(values, IMAGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 500, 1000})
    void imagesNoisedBySomeStepsAreDenoisedByAsMany(int steps) {
        var visited = new ArrayList<Long>();
        var seen = new ArrayList<float[]>();
        Denoiser recording = (xt, t) -> {
            visited.add(t.toLongs()[0]);
            seen.add(xt.toFloats());
            return xt.mul(0);
        };
        var noise = Noise.seed(4);
        try (var _ = TensorScope.open()) {
            var a = image(1);
            var b = image(2);
            new Interpolation(Sampler.ancestral(PAPER, Variance.FIXED_SMALL).withThreads(1))
                    .between(recording, a, b, steps, new double[] {0, 0.25}, noise);
            assertEquals(
                    IntStream.iterate(steps - 1, t -> t >= 0, t -> t - 1)
                            .mapToObj(t -> (long) t)
                            .toList(),
                    visited);
            // q(x_t | x_0) of both with one epsilon, then the mixture of section 4.4.
            double signal = Math.sqrt(PAPER.alphasCumprod().at(steps - 1));
            double scale = Math.sqrt(1 - PAPER.alphasCumprod().at(steps - 1));
            var epsilon = noise.normals(Noise.Domain.INITIAL, 0, 0, 16);
            var expected = new float[32];
            for (int i = 0; i < 16; i++) {
                double xa = signal * a.toFloats()[i] + scale * epsilon[i];
                double xb = signal * b.toFloats()[i] + scale * epsilon[i];
                expected[i] = (float) xa;
                expected[16 + i] = (float) (0.75 * xa + 0.25 * xb);
            }
            Close.assertWithin(1e-6, expected, seen.getFirst(), "x_t of both mixtures");
        }
    }

    @Test
    void mixturesShareTheNoiseOfTheWayDown() {
        try (var _ = TensorScope.open()) {
            var a = image(1);
            var between = new Interpolation(
                            Sampler.ancestral(PAPER, Variance.FIXED_LARGE).withThreads(2))
                    .between((xt, _) -> xt.mul(0.1), a, a, 30, new double[] {0, 0.3, 1}, Noise.seed(4))
                    .toFloats();
            // Between an image and itself there is only that image.
            Close.assertWithin(
                    1e-5, Arrays.copyOf(between, 16), Arrays.copyOfRange(between, 16, 32), "mixtures of one image");
            Close.assertWithin(
                    1e-5, Arrays.copyOf(between, 16), Arrays.copyOfRange(between, 32, 48), "mixtures of one image");
        }
    }

    /** The exact model of Gaussian images is linear, so the mixtures are those of the images, as the steps see them. */
    @Test
    void sphericalMixturesGoAlongTheGreatCircle() {
        var inversion = new Inversion(GaussianImages.evenInSnr(100), Prediction.EPSILON);
        var model = GaussianImages.model(GaussianImages.FINE);
        try (var _ = TensorScope.open()) {
            var a = image(1);
            var b = image(2);
            var mixed = new SphericalInterpolation(inversion)
                    .between(model, a, b, new double[] {0, 0.5, 1})
                    .toFloats();
            var x = Arrays.copyOf(mixed, 16);
            var half = Arrays.copyOfRange(mixed, 16, 32);
            var y = Arrays.copyOfRange(mixed, 32, 48);
            // Halfway lies on the bisector, at the length that keeps unit vectors unit: (x + y) / (2 cos(angle / 2)).
            double cosine = dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
            double length = Math.sqrt(2 * (1 + cosine));
            for (int i = 0; i < 16; i++) {
                assertEquals((x[i] + y[i]) / length, half[i], 1e-5);
                // The ends are the images up to the first-order error of 100 steps, below 10 % here.
                assertEquals(a.toFloats()[i], x[i], 0.1 * Math.abs(a.toFloats()[i]));
            }
        }
    }

    private static double dot(float[] x, float[] y) {
        return IntStream.range(0, x.length)
                .mapToDouble(i -> (double) x[i] * y[i])
                .sum();
    }

    @Test
    void anImageMixedWithItselfIsItself() {
        var inversion = new Inversion(GaussianImages.evenInSnr(10), Prediction.EPSILON);
        try (var _ = TensorScope.open()) {
            var mixed = new SphericalInterpolation(inversion)
                    .between(GaussianImages.model(GaussianImages.FINE), image(1), image(1), new double[] {0, 0.7, 1})
                    .toFloats();
            Close.assertWithin(1e-6, Arrays.copyOf(mixed, 16), Arrays.copyOfRange(mixed, 16, 32), "between");
        }
    }

    @Test
    void progressCountsTheStepsOfAllImagesBothWays() {
        var last = new long[2];
        var inversion = new Inversion(GaussianImages.evenInSnr(10), Prediction.EPSILON, 2, Device.CPU, (done, of) -> {
            assertTrue(done > last[0] && done <= of, done + " of " + of);
            last[0] = done;
            last[1] = of;
        });
        try (var _ = TensorScope.open()) {
            new SphericalInterpolation(inversion)
                    .between(GaussianImages.model(GaussianImages.FINE), image(1), image(2), new double[] {
                        0, 0.2, 0.4, 0.6
                    });
        }
        assertArrayEquals(new long[] {60, 60}, last);
    }

    @Test
    void whatLiesBetweenNothingIsRefused() {
        try (var _ = TensorScope.open()) {
            var sampler = Sampler.ancestral(PAPER, Variance.FIXED_SMALL);
            var a = image(1);
            var both = Tensor.of(new float[32], IMAGE.with(0, 2));
            refused("between two images [1, C, H, W]", () -> interpolate(sampler, a, both, 5, 0.5));
            refused("after 1001 steps; there are 0..1000", () -> interpolate(sampler, a, a, 1001, 0.5));
            refused("after -1 steps", () -> interpolate(sampler, a, a, -1, 0.5));
            refused("0..1, not 1.5", () -> interpolate(sampler, a, a, 5, 1.5));
            refused("0..1, not NaN", () -> interpolate(sampler, a, a, 5, Double.NaN));
            refused("at no place", () -> interpolate(sampler, a, a, 5));
            var spherical = new SphericalInterpolation(new Inversion(GaussianImages.evenInSnr(10), Prediction.EPSILON));
            refused("0..1, not -1.0", () -> spherical.between((x, _) -> x, a, a, new double[] {-1}));
        }
    }

    private static void interpolate(Sampler sampler, Tensor a, Tensor b, int steps, double... lambdas) {
        new Interpolation(sampler).between((x, _) -> x, a, b, steps, lambdas, Noise.seed(1));
    }

    private static void refused(String why, Runnable attempt) {
        var refusal = assertThrows(IllegalArgumentException.class, attempt::run);
        assertTrue(refusal.getMessage().contains(why), refusal.getMessage());
    }
}
