package ddpm.diffusion;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ddpm.testing.Golden;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PredictionConversionTest {
    private static final Shape SHAPE = Shape.of(2, 3, 4, 4);

    private static Tensor tensor(String name) throws IOException {
        return Tensor.of(Golden.npy("diffusers/" + name + ".npy").floats(), SHAPE);
    }

    private static void assertWithin(double tolerance, float[] expected, float[] actual) {
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], tolerance * (1 + Math.abs(expected[i])), "element " + i);
        }
    }

    /** diffusers' add_noise and get_velocity, recorded. */
    @ParameterizedTest
    @CsvSource({"linear, 0", "linear, 1", "squaredcos_cap_v2, 0", "squaredcos_cap_v2, 1"})
    void noisingAndVelocityAreDiffusers(String schedule, int which) throws IOException {
        var diffusion = new Diffusion(schedule.equals("linear") ? BetaSchedule.ho2020() : BetaSchedule.cosine(1000));
        try (var _ = TensorScope.open()) {
            var x0 = tensor("add_noise/x0");
            var epsilon = tensor("inputs/noise");
            var t = Tensor.of(
                    Golden.npy("diffusers/add_noise/t_" + which + ".npy").longs(), Shape.of(2));
            var xt = new ForwardProcess(diffusion, Device.CPU).xt(x0, t, epsilon);
            // diffusers multiplies its alphas up in float32, which leaves 1e-5 of them by t = 999.
            assertWithin(
                    1e-5,
                    Golden.npy("diffusers/add_noise/" + schedule + "_xt_" + which + ".npy")
                            .floats(),
                    xt.toFloats());
            var v = new PredictionConversion(diffusion, Prediction.V, Device.CPU).target(x0, xt, epsilon, t);
            // At t = 0 the velocity is a difference of nearly equal numbers over sqrt(1e-4): float32 leaves 1e-5.
            assertWithin(
                    3e-5,
                    Golden.npy("diffusers/add_noise/" + schedule + "_velocity_" + which + ".npy")
                            .floats(),
                    v.toFloats());
        }
    }

    @ParameterizedTest
    @EnumSource(Prediction.class)
    void aPerfectOutputImpliesTheEpsilonItWasMadeWith(Prediction prediction) throws IOException {
        var diffusion = new Diffusion(BetaSchedule.ho2020());
        try (var _ = TensorScope.open()) {
            var x0 = tensor("add_noise/x0");
            var epsilon = tensor("inputs/noise");
            for (long t : new long[] {20, 300, 700}) {
                var times = Tensor.of(new long[] {t}, Shape.of(1));
                var xt = new ForwardProcess(diffusion, Device.CPU).xt(x0, times, epsilon);
                var translation = new PredictionConversion(diffusion, prediction, Device.CPU);
                var output = translation.target(x0, xt, epsilon, times);
                // MEAN's x0 is divided by posteriorMeanCoef1, 1e-3 or less: that much is lost.
                assertWithin(
                        prediction == Prediction.MEAN ? 5e-3 : 1e-4,
                        epsilon.toFloats(),
                        translation.epsilon(xt, output, times).toFloats());
            }
        }
    }

    @Test
    void theMeansTargetIsThePosteriorMean() throws IOException {
        var diffusion = new Diffusion(BetaSchedule.ho2020());
        try (var _ = TensorScope.open()) {
            var x0 = tensor("add_noise/x0");
            var epsilon = tensor("inputs/noise");
            var t = Tensor.of(new long[] {500}, Shape.of(1));
            var xt = new ForwardProcess(diffusion, Device.CPU).xt(x0, t, epsilon);
            var target = new PredictionConversion(diffusion, Prediction.MEAN, Device.CPU).target(x0, xt, epsilon, t);
            var direct = x0.mul(diffusion.posteriorMeanCoef1().at(500))
                    .add(xt.mul(diffusion.posteriorMeanCoef2().at(500)));
            assertWithin(1e-5, direct.toFloats(), target.toFloats());
        }
    }
}
