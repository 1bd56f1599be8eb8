package ddpm.diffusion;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ddpm.testing.Golden;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class DiscretizedGaussianTest {
    private static double[] npy(String name) throws IOException {
        return Golden.npy("improved-diffusion/discretized_ll/" + name + ".npy").doubles();
    }

    @Test
    void itIsTheReferencesAtEveryLevelMeanAndScale() throws IOException {
        var means = npy("means");
        var scales = npy("log_scales");
        var expected = npy("log_probs_f64");
        int count = 256 * means.length * scales.length;
        var x = new double[count];
        var mean = new double[count];
        var scale = new double[count];
        for (int at = 0; at < count; at++) {
            x[at] = at / (means.length * scales.length) / 127.5 - 1;
            mean[at] = means[at / scales.length % means.length];
            scale[at] = scales[at % scales.length];
            assertClose(expected[at], DiscretizedGaussian.logProbability(x[at], mean[at], scale[at]));
        }
        try (var _ = TensorScope.open()) {
            var shape = Shape.of(count);
            var told = DiscretizedGaussian.logProbability(
                            Tensor.of(x, shape), Tensor.of(mean, shape), Tensor.of(scale, shape))
                    .toDoubles();
            for (int at = 0; at < count; at++) {
                assertClose(expected[at], told[at]);
            }
        }
    }

    /** Below e^-15 the mass is a difference of equal digits of tanh, here as in the reference. */
    private static void assertClose(double expected, double actual) {
        assertEquals(expected, actual, expected > -15 ? 1e-8 : 1e-3);
    }

    @Test
    void anInteriorPixelAtItsMeanCostsThePublishedBits() {
        var diffusion = new Diffusion(BetaSchedule.ho2020());
        double logScale = 0.5 * diffusion.logVariance(Variance.FIXED_LARGE).at(0);
        double bits = -DiscretizedGaussian.logProbability(0, 0, logScale) / Math.log(2);
        assertEquals(1.30567, bits, 1e-5);
    }
}
