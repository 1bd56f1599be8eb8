package ddpm.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Noise;
import ddpm.testing.TinyImages;
import ddpm.torch.TensorScope;
import java.util.Collections;
import java.util.HashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class EpsilonMeterTest {
    private static final BetaSchedule SCHEDULE = BetaSchedule.ho2020();
    private static final Denoiser ZERO = (xt, t) -> xt.mul(0.0);
    private static final EpsilonMeter METER = EpsilonMeter.standard().withThreads(2);

    @Test
    void everyImageIsMeasuredExactlyOnce() {
        var seen = new AtomicInteger();
        Denoiser counting = (xt, t) -> {
            seen.addAndGet((int) xt.shape().size(0));
            return xt.mul(0.0);
        };
        var result = METER.withBatch(10).measure(counting, SCHEDULE, new TinyImages(101), 101);
        assertEquals(101, result.images());
        assertEquals(101, seen.get());
        assertEquals(
                101,
                result.quartiles().stream()
                        .mapToInt(EpsilonMse.Quartile::images)
                        .sum());
    }

    @Test
    void predictingZeroGivesTheNoisesOwnMeanSquare() {
        // By hand, from the addresses: image i at floor(1000 v(i)) with v = 0, 1/2, 1/4, 3/4, 1/8.
        int[] t = {0, 500, 250, 750, 125};
        double sum = 0;
        for (int i = 0; i < 5; i++) {
            assertEquals(t[i], EpsilonMeter.timestep(i, 1000));
            for (float z : Noise.seed(3).normals(Noise.Domain.EVAL, i, t[i], 64)) {
                sum += z * z;
            }
        }
        var result = METER.withSeed(3).measure(ZERO, SCHEDULE, new TinyImages(9), 5);
        assertEquals(sum / (5 * 64), result.mse(), 1e-5);
    }

    @Test
    void neitherBatchNorThreadsChangeTheResultAndTheSeedDoes() {
        var data = new TinyImages(23);
        var one = METER.withBatch(23).withThreads(1).measure(ZERO, SCHEDULE, data, 23);
        var other = METER.withBatch(4).withThreads(3).measure(ZERO, SCHEDULE, data, 23);
        assertEquals(one, other);
        assertNotEquals(
                one.mse(), METER.withSeed(1).measure(ZERO, SCHEDULE, data, 23).mse());
    }

    @Test
    void theNoiseIsThatWhichAModelIsToldToFind() {
        // x0 alone is unknown to a model that knows t; a model that knows the images too finds the noise exactly.
        var byStep = Collections.synchronizedMap(new HashMap<Long, Double>());
        Denoiser spy = (xt, t) -> {
            var diffusion = new ddpm.diffusion.Diffusion(SCHEDULE);
            try (var scope = TensorScope.open()) {
                var steps = t.toLongs();
                var values = xt.toFloats();
                var found = new float[values.length];
                var bytes = new byte[64];
                for (int i = 0; i < steps.length; i++) {
                    int image = imageAt(steps[i]);
                    new TinyImages(16).read(image, bytes, 0);
                    double signal = diffusion.sqrtAlphasCumprod().at((int) steps[i]);
                    double noise = diffusion.sqrtOneMinusAlphasCumprod().at((int) steps[i]);
                    for (int k = 0; k < 64; k++) {
                        double x0 = (bytes[k] & 0xff) / 127.5 - 1;
                        found[64 * i + k] = (float) ((values[64 * i + k] - signal * x0) / noise);
                    }
                    byStep.put(steps[i], 1.0);
                }
                return scope.keep(ddpm.torch.Tensor.of(found, xt.shape()));
            }
        };
        var result = METER.withBatch(4).measure(spy, SCHEDULE, new TinyImages(16), 16);
        assertEquals(0, result.mse(), 1e-8);
        assertEquals(16, byStep.size());
    }

    private static int imageAt(long t) {
        for (int i = 0; i < 16; i++) {
            if (EpsilonMeter.timestep(i, 1000) == t) {
                return i;
            }
        }
        throw new AssertionError("no image at t " + t);
    }

    @Test
    void quartilesCoverTheChainAndTheErrorIsThatOfTheSpread() {
        var result = METER.measure(ZERO, BetaSchedule.linear(10, 1e-3, 0.3), new TinyImages(64), 64);
        assertEquals(0, result.quartiles().getFirst().fromT());
        assertEquals(9, result.quartiles().getLast().toT());
        for (int q = 1; q < 4; q++) {
            assertEquals(
                    result.quartiles().get(q - 1).toT() + 1,
                    result.quartiles().get(q).fromT());
        }
        // The mean of 64 squares of normals has standard deviation sqrt(2 / 64) from image to image.
        double expected = Math.sqrt(2.0 / 64) / Math.sqrt(64);
        assertTrue(Math.abs(result.standardError() / expected - 1) < 0.35, result.toString());
        assertEquals(1, result.mse(), 5 * expected);
    }

    @Test
    void oneImageHasNoStandardError() {
        var result = METER.measure(ZERO, SCHEDULE, new TinyImages(4), 1);
        assertEquals(1, result.images());
        assertTrue(Double.isNaN(result.standardError()));
    }

    @Test
    void moreImagesThanThereAreIsRefusedWithBothNumbers() {
        var e = assertThrows(IllegalArgumentException.class, () -> METER.measure(ZERO, SCHEDULE, new TinyImages(4), 5));
        assertTrue(e.getMessage().startsWith("5 images to measure: there are 1..4"), e.getMessage());
    }
}
