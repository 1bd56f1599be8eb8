package ddpm.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.testing.Golden;
import ddpm.testing.NpyFile;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** p(x_{t-1} | x_t) against improved-diffusion's p_mean_variance, of a model whose output is 0.1 x_t and, learned, sin(3 x_t). */
class ReverseDistributionTest {
    private static final Shape IMAGES = Shape.of(2, 3, 8, 8);

    static Stream<Arguments> recorded() {
        var all = new ArrayList<Arguments>();
        for (var chain : List.of("linear_1000", "cosine_100")) {
            int last = chain.equals("linear_1000") ? 999 : 99;
            for (int t : new int[] {0, 1, (last + 1) / 2, last}) {
                for (var clip : Clip.values()) {
                    all.add(Arguments.of(chain, t, clip, Variance.FIXED_SMALL, Prediction.EPSILON));
                    all.add(Arguments.of(chain, t, clip, Variance.FIXED_SMALL, Prediction.X0));
                    all.add(Arguments.of(chain, t, clip, Variance.FIXED_LARGE, Prediction.EPSILON));
                    all.add(Arguments.of(chain, t, clip, Variance.FIXED_LARGE, Prediction.X0));
                    all.add(Arguments.of(chain, t, clip, Variance.LEARNED_RANGE, Prediction.EPSILON));
                }
            }
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void meanVarianceAndEstimateAreThoseOfTheReference(
            String chain, int t, Clip clip, Variance variance, Prediction prediction) throws IOException {
        var diffusion = new Diffusion(chain.equals("linear_1000") ? BetaSchedule.ho2020() : BetaSchedule.cosine(100));
        var folder = "improved-diffusion/" + chain + "/";
        var name = folder + "p_mean_variance/" + variance.name().toLowerCase(Locale.ROOT) + "_"
                + (prediction == Prediction.X0 ? "start_x" : "epsilon") + "_clip" + (clip == Clip.X0 ? 1 : 0) + "_t"
                + t;
        var x = Golden.npy(folder + "q_posterior_x_t.npy").floats();
        var output = new float[variance.outChannels(x.length)];
        var middle = diffusion.logVariance(variance).at(t);
        var spread = diffusion.logVarianceSpread(variance).at(t);
        var logVariance = Golden.npy(name + "_log_variance.npy").doubles();
        int perImage = x.length / 2;
        for (int i = 0; i < x.length; i++) {
            int at = i / perImage * variance.outChannels(perImage) + i % perImage;
            output[at] = 0.1f * x[i];
            double told = middle;
            if (variance.isLearned()) {
                double v = Math.sin(3 * x[i]);
                output[at + perImage] = (float) v;
                told += spread * v;
            }
            // The recorded ones are float32, up to 20 large.
            assertEquals(
                    logVariance[logVariance.length == 2 ? i / perImage : i],
                    told,
                    4e-6,
                    "log variance of element " + i);
        }
        try (var _ = TensorScope.open()) {
            var table = ReverseTable.ancestral(diffusion, prediction, variance);
            var silent = SilentChain.of(diffusion, prediction, clip, true, IMAGES);
            var step = new ReverseStep(table, silent);
            var xt = Tensor.of(x, IMAGES);
            var given = Tensor.of(output, Shape.of(2, variance.outChannels(3), 8, 8));
            var index = Tensor.of(new long[] {t}, Shape.of(1));
            var zero = Tensor.zeros(IMAGES, DType.FLOAT32, Device.CPU);
            var mean = step.apply(xt, given, index, zero).toFloats();
            assertClose(Golden.npy(name + "_pred_xstart.npy"), silent.estimate().toFloats(), "x0");
            assertClose(Golden.npy(name + "_mean.npy"), mean, "mean");
            // What a z of 1 adds is sigma: none in the last step.
            var moved = step.apply(xt, given, index, Tensor.full(IMAGES, 1, DType.FLOAT32, Device.CPU))
                    .toFloats();
            for (int i = 0; i < mean.length; i++) {
                double sigma = t == 0 ? 0 : Math.exp(0.5 * logVariance[logVariance.length == 2 ? i / perImage : i]);
                // A difference of float32 numbers of the mean's size.
                assertEquals(sigma, moved[i] - (double) mean[i], 1e-6 * sigma + 2.5e-7 * (1 + Math.abs(mean[i])));
            }
        }
    }

    /** Coefficients and images are float32 on both sides. */
    private static void assertClose(NpyFile expected, float[] actual, String what) {
        var values = expected.floats();
        assertEquals(values.length, actual.length);
        for (int i = 0; i < actual.length; i++) {
            assertEquals(values[i], actual[i], 2e-6 * Math.max(1, Math.abs(values[i])), what + " of element " + i);
        }
    }
}
