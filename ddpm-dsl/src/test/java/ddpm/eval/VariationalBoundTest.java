package ddpm.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Timesteps;
import ddpm.diffusion.Variance;
import ddpm.testing.Golden;
import ddpm.testing.NpyFile;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Bits per dimension against improved-diffusion's own numbers, with its recorded noise and two simple models. */
class VariationalBoundTest {
    private static final Shape IMAGES = Shape.of(2, 3, 8, 8);

    private enum Chain {
        LINEAR_1000("linear_1000"),
        COSINE_100("cosine_100"),
        SPACED_LINEAR("spaced_linear_1000_100"),
        SPACED_COSINE("spaced_cosine_1000_25");

        private final String folder;

        Chain(String folder) {
            this.folder = folder;
        }

        Diffusion diffusion() {
            return switch (this) {
                case LINEAR_1000 -> new Diffusion(BetaSchedule.ho2020());
                case COSINE_100 -> new Diffusion(BetaSchedule.cosine(100));
                case SPACED_LINEAR -> new Diffusion(BetaSchedule.ho2020()).respaced(Timesteps.sections(1000, 100));
                case SPACED_COSINE -> new Diffusion(BetaSchedule.cosine(1000)).respaced(Timesteps.sections(1000, 25));
            };
        }

        NpyFile npy(String name) throws IOException {
            return NpyFile.read(Golden.path("improved-diffusion/" + folder + "/" + name + ".npy"));
        }
    }

    /** {@code 0.1 x}, and {@code x (t + 1) / T} with the original timestep. */
    private static Denoiser model(String name, Diffusion diffusion) {
        return name.equals("eps01x")
                ? (x, _) -> x.mul(0.1)
                : (x, t) -> x.mul((t.toLongs()[0] + 1.0) / diffusion.trainedSteps());
    }

    static Stream<Arguments> recorded() {
        return Stream.of(Variance.FIXED_SMALL, Variance.FIXED_LARGE)
                .flatMap(variance -> Stream.of(
                        Arguments.of(Chain.LINEAR_1000, variance, "eps01x", "zero", Clip.X0),
                        Arguments.of(Chain.LINEAR_1000, variance, "epsxt", "zero", Clip.X0),
                        Arguments.of(Chain.COSINE_100, variance, "eps01x", "zero", Clip.X0),
                        Arguments.of(Chain.COSINE_100, variance, "eps01x", "noise", Clip.X0),
                        Arguments.of(Chain.COSINE_100, variance, "eps01x", "noise", Clip.NONE),
                        Arguments.of(Chain.COSINE_100, variance, "epsxt", "noise", Clip.X0),
                        Arguments.of(Chain.SPACED_LINEAR, variance, "epsxt", "noise", Clip.X0),
                        Arguments.of(Chain.SPACED_COSINE, variance, "epsxt", "noise", Clip.X0)));
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void everyTermIsThatOfTheReference(Chain chain, Variance variance, String model, String noise, Clip clip)
            throws IOException {
        var diffusion = chain.diffusion();
        var name = "bpd/" + variance.name().toLowerCase(Locale.ROOT) + "_" + model + "_" + noise
                + (clip == Clip.NONE ? "_noclip" : "");
        var recordedNoise = noise.equals("noise") ? chain.npy("noise").floats() : null;
        try (var _ = TensorScope.open()) {
            var x0 = Tensor.of(
                    NpyFile.read(Golden.path("improved-diffusion/x_start.npy")).floats(), IMAGES);
            var terms = new VariationalBound(diffusion, Prediction.EPSILON, variance, clip)
                    .of(
                            model(model, diffusion),
                            x0,
                            t -> recordedNoise == null
                                    ? Tensor.zeros(IMAGES, DType.FLOAT32, Device.CPU)
                                    : Tensor.of(slice(recordedNoise, t), IMAGES),
                            Device.CPU,
                            _ -> {});
            int steps = diffusion.steps();
            assertClose(chain.npy(name + "_prior_bpd_f64").doubles(), terms.prior(), "prior");
            assertClose(chain.npy(name + "_total_bpd_f64").doubles(), terms.total(), "total");
            var vb = chain.npy(name + "_vb_f64").doubles(); // [B, T], column j is t = T - 1 - j
            var errors = chain.npy(name + "_xstart_mse").doubles();
            for (int image = 0; image < 2; image++) {
                for (int t = 0; t < steps; t++) {
                    int at = image * steps + steps - 1 - t;
                    assertClose(vb[at], terms.terms()[t][image], "L_" + t);
                    assertClose(errors[at], terms.squaredErrors()[t][image], "squared error at " + t);
                }
            }
        }
    }

    private static float[] slice(float[] noise, int t) {
        int n = (int) IMAGES.numel();
        return Arrays.copyOfRange(noise, t * n, (t + 1) * n);
    }

    private static void assertClose(double[] expected, double[] actual, String what) {
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < expected.length; i++) {
            assertClose(expected[i], actual[i], what);
        }
    }

    /** x_t and the model's output are float32 here and float64 in the reference: 1e-4 and, for large terms, 1e-5 of them. */
    private static void assertClose(double expected, double actual, String what) {
        assertEquals(expected, actual, 1e-4 + 1e-5 * Math.abs(expected), what);
    }

    @ParameterizedTest
    @CsvSource({"-1, FIXED_SMALL", "1, FIXED_LARGE"})
    void aLearnedVarianceAtItsEndsIsTheFixedOneThere(double v, Variance fixed) {
        var diffusion = new Diffusion(BetaSchedule.linear(30, 1e-3, 0.3));
        try (var _ = TensorScope.open()) {
            var x0 = Tensor.zeros(Shape.of(1, 1, 4, 4), DType.FLOAT32, Device.CPU);
            var noise = Noise.seed(4);
            IntFunction<Tensor> epsilon =
                    t -> Tensor.of(noise.normals(Noise.Domain.EVAL, 0, t, 16), Shape.of(1, 1, 4, 4));
            var expected = new VariationalBound(diffusion, Prediction.EPSILON, fixed, Clip.X0)
                    .of((xt, _) -> xt.mul(0.9), x0, epsilon, _ -> {});
            Denoiser model = (xt, _) -> Ops.cat(1, xt.mul(0.9), xt.mul(0).add(v));
            var learned = new VariationalBound(diffusion, Prediction.EPSILON, Variance.LEARNED_RANGE, Clip.X0)
                    .of(model, x0, epsilon, _ -> {});
            for (int t = 1; t < 30; t++) {
                assertEquals(expected.terms()[t][0], learned.terms()[t][0], 1e-12, "L_" + t);
            }
            // At t = 0 the large one is ln beta_0 where it is learned, and the small one's for both where it is fixed.
            double apart = Math.abs(expected.terms()[0][0] - learned.terms()[0][0]);
            assertTrue(v == -1 ? apart < 1e-12 : apart > 1e-3, "L_0 differs by " + apart);
        }
    }

    @Test
    void theDivergenceOfTwoGaussiansIsTheReferences() throws IOException {
        var folder = "improved-diffusion/normal_kl/";
        var mean1 = NpyFile.read(Golden.path(folder + "mean1.npy")).doubles();
        var mean2 = NpyFile.read(Golden.path(folder + "mean2.npy")).doubles();
        var logVariance1 = NpyFile.read(Golden.path(folder + "logvar1.npy")).doubles();
        var logVariance2 = NpyFile.read(Golden.path(folder + "logvar2.npy")).doubles();
        var expected = NpyFile.read(Golden.path(folder + "kl.npy")).doubles();
        assertEquals(64, expected.length);
        for (int i = 0; i < expected.length; i++) {
            double told = VariationalBound.divergence(logVariance1[i], logVariance2[i], mean1[i] - mean2[i]);
            assertEquals(expected[i], told, 1e-5 * Math.max(1, expected[i]), "recorded in float32, row " + i);
        }
    }

    @Test
    void theBoundIsPositiveAndAnExactModelBeatsAnyOther() {
        var diffusion = new Diffusion(BetaSchedule.linear(50, 1e-3, 0.3));
        try (var _ = TensorScope.open()) {
            var x0 = Tensor.zeros(Shape.of(1, 1, 4, 4), DType.FLOAT32, Device.CPU);
            var bound = new VariationalBound(diffusion, Prediction.EPSILON, Variance.FIXED_LARGE, Clip.X0);
            // All images are 0, so x_t = sqrt(1 - abar) epsilon, and epsilon follows exactly.
            Denoiser exact = (xt, t) ->
                    xt.mul(1 / Math.sqrt(1 - diffusion.alphasCumprod().at((int) t.toLongs()[0])));
            var noise = Noise.seed(4);
            double[] totals = new double[2];
            Denoiser[] models = {exact, (xt, _) -> xt.mul(0.1)};
            for (int i = 0; i < 2; i++) {
                totals[i] = bound.of(
                                models[i],
                                x0,
                                t -> Tensor.of(noise.normals(Noise.Domain.EVAL, 0, t, 16), Shape.of(1, 1, 4, 4)),
                                Device.CPU,
                                _ -> {})
                        .total()[0];
            }
            assertTrue(totals[0] > 0 && totals[0] < totals[1], Arrays.toString(totals));
        }
    }
}
