package ddpm.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.data.ImageShape;
import ddpm.data.Mnist;
import ddpm.data.Split;
import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.DeviceTable;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.PredictionConversion;
import ddpm.diffusion.Timesteps;
import ddpm.image.Pixel;
import ddpm.model.Model;
import ddpm.testing.Close;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** DDIM upward, on images that are N(0, sigma^2) with their exact model, and on digits with the built-in one. */
class InversionTest {
    private static final Noise UNUSED = Noise.seed(0);
    private static final Shape SHAPE = Shape.of(2, 1, 4, 4);

    private static Tensor images() {
        var random = new Random(3);
        var values = new float[(int) SHAPE.numel()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (GaussianImages.SIGMA * random.nextGaussian());
        }
        return Tensor.of(values, SHAPE);
    }

    /** The largest error of x_T against the probability flow, on which x_t keeps its place in N(0, v_t). */
    private static double encodingError(Diffusion chain) {
        try (var _ = TensorScope.open()) {
            var x0 = images();
            var xT = new Inversion(chain, Prediction.EPSILON)
                    .encode(GaussianImages.model(GaussianImages.FINE), x0)
                    .toFloats();
            // The first step, to where these chains begin, is one whatever their length.
            double signal = Math.sqrt(GaussianImages.FINE.alphasCumprod().at(GaussianImages.LAST));
            double v = GaussianImages.variance(GaussianImages.LAST);
            double first = signal + (1 - signal * signal) / v;
            double flow = Math.sqrt(GaussianImages.variance(GaussianImages.FINE.steps() - 1) / v);
            return largestDifference(x0.toFloats(), first * flow, xT);
        }
    }

    private static double largestDifference(float[] expected, double scale, float[] actual) {
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            worst = Math.max(worst, Math.abs(scale * expected[i] - actual[i]));
        }
        return worst;
    }

    private static double roundTripError(Diffusion chain) {
        try (var _ = TensorScope.open()) {
            var x0 = images();
            return largestDifference(
                    x0.toFloats(),
                    1,
                    roundTrip(new Inversion(chain, Prediction.EPSILON), GaussianImages.model(GaussianImages.FINE), x0));
        }
    }

    private static float[] roundTrip(Inversion inversion, Denoiser model, Tensor x0) {
        var xT = inversion.encode(model, x0);
        return inversion
                .sampler()
                .denoise(model, xT, inversion.diffusion().steps() - 1, UNUSED, Sampler.Addresses.EACH, Device.CPU)
                .images()
                .toFloats();
    }

    @ParameterizedTest
    @ValueSource(ints = {25, 50, 100})
    void encodingAndTheRoundTripAreOfFirstOrder(int steps) {
        var chain = GaussianImages.evenInSnr(steps);
        var finer = GaussianImages.evenInSnr(2 * steps);
        // Measured: 1.993 to 1.998 and 1.947 to 1.987, nearer to 2 the more steps there are.
        assertEquals(2, encodingError(chain) / encodingError(finer), 0.02);
        assertEquals(2, roundTripError(chain) / roundTripError(finer), 0.1);
    }

    /** Root mean squared, of a range of 2, for 4 real digits. */
    private static double digitError(Model model, Tensor digits, int steps) {
        var chain = new Diffusion(model.card().schedule()).respaced(Timesteps.even(1000, steps));
        var back = roundTrip(new Inversion(chain, model.card().prediction()), model, digits);
        var values = digits.toFloats();
        double squares = 0;
        for (int i = 0; i < back.length; i++) {
            double difference = back[i] - values[i];
            squares += difference * difference;
        }
        return Math.sqrt(squares / back.length);
    }

    @Test
    void realDigitsComeBackTheBetterTheMoreSteps() throws Exception {
        try (var _ = TensorScope.open();
                var model = Model.embedded(Device.CPU)) {
            var folder = Path.of(InversionTest.class.getResource("/mnist").toURI());
            var digits = Mnist.open(folder, Split.TEST, new ImageShape(1, 32, 32));
            int perImage = digits.shape().bytes();
            var bytes = new byte[perImage];
            var values = new float[4 * perImage];
            for (int i = 0; i < 4; i++) {
                digits.read(i, bytes, 0);
                Pixel.values(bytes, 0, values, i * perImage, perImage);
            }
            var x0 = Tensor.of(values, Shape.of(4, 1, 32, 32));
            // Measured on 8 digits: 0.31, 0.038 and 0.018 in 10, 50 and 100 steps.
            double ten = digitError(model, x0, 10);
            double fifty = digitError(model, x0, 50);
            double hundred = digitError(model, x0, 100);
            assertTrue(fifty < ten / 3 && hundred < fifty / 1.5, ten + ", " + fifty + ", " + hundred);
            assertTrue(hundred < 0.03, "after 100 steps: " + hundred);
        }
    }

    @ParameterizedTest
    @EnumSource(Prediction.class)
    void everyKindOfModelEncodesAlike(Prediction prediction) {
        var chain = GaussianImages.evenInSnr(25);
        var epsilon = GaussianImages.model(GaussianImages.FINE);
        try (var _ = TensorScope.open()) {
            // The same knowledge said otherwise: x0 = (x_t - noise epsilon) / signal, then what a perfect model would
            // say.
            // MEAN speaks of the step before in its own chain, so the chain it was trained with is this one.
            var signal = new DeviceTable(chain.sqrtAlphasCumprod(), Device.CPU);
            var noise = new DeviceTable(chain.sqrtOneMinusAlphasCumprod(), Device.CPU);
            var translation = new PredictionConversion(chain, prediction, Device.CPU);
            Denoiser translated = (xt, t) -> {
                var said = epsilon.predict(xt, t);
                var at = Tensor.of(
                        new long[] {Arrays.binarySearch(chain.timesteps(), (int) t.toLongs()[0])}, Shape.of(1));
                var x0 = xt.sub(noise.at(at).mul(said)).div(signal.at(at));
                return translation.target(x0, xt, said, at);
            };
            var expected = new Inversion(chain, Prediction.EPSILON).encode(epsilon, images());
            var actual = new Inversion(chain, prediction).encode(translated, images());
            // x0 and back costs float32 digits, most where little noise is divided by.
            Close.assertWithin(1e-3, expected.toFloats(), actual.toFloats(), prediction.toString());
        }
    }

    @Test
    void theModelIsAskedFromTheCleanestTimestepUp() {
        var asked = new ArrayList<Long>();
        Denoiser recording = (xt, t) -> {
            asked.add(t.toLongs()[0]);
            return xt;
        };
        try (var _ = TensorScope.open()) {
            new Inversion(
                            new Diffusion(BetaSchedule.ho2020()).respaced(Timesteps.of(1000, 999, 500, 20)),
                            Prediction.X0,
                            1,
                            Device.CPU,
                            (_, _) -> {})
                    .encode(recording, Tensor.of(new float[4], Shape.of(1, 1, 2, 2)));
        }
        assertEquals(List.of(20L, 20L, 500L), asked);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void anImageIsEncodedAlikeAloneAndInABatchOnAnyNumberOfThreads(int threads) {
        var inversion = new Inversion(GaussianImages.evenInSnr(10), Prediction.EPSILON).withThreads(threads);
        var model = GaussianImages.model(GaussianImages.FINE);
        try (var _ = TensorScope.open()) {
            var both = images().toFloats();
            var second = Tensor.of(Arrays.copyOfRange(both, 16, 32), Shape.of(1, 1, 4, 4));
            assertArrayEquals(
                    inversion.encode(model, second).toFloats(),
                    Arrays.copyOfRange(inversion.encode(model, images()).toFloats(), 16, 32));
        }
    }

    @Test
    void interruptionStopsItAndLeavesNothingOpen() {
        long before = TensorScope.liveTensors();
        Denoiser interrupting = (xt, _) -> {
            Thread.currentThread().interrupt();
            return xt;
        };
        try (var _ = TensorScope.open()) {
            var x0 = images();
            assertThrows(
                    CancellationException.class,
                    () -> new Inversion(GaussianImages.evenInSnr(10), Prediction.EPSILON).encode(interrupting, x0));
        }
        assertEquals(before, TensorScope.liveTensors());
    }

    @Test
    void whatIsNoBatchOfImagesIsRefused() {
        try (var _ = TensorScope.open()) {
            var inversion = new Inversion(GaussianImages.evenInSnr(10), Prediction.EPSILON);
            var flat = Tensor.of(new float[4], Shape.of(4));
            var refusal = assertThrows(IllegalArgumentException.class, () -> inversion.encode((x, _) -> x, flat));
            assertTrue(refusal.getMessage().endsWith("not [4]"), refusal.getMessage());
            assertThrows(IllegalArgumentException.class, () -> inversion.withThreads(0));
        }
    }
}
