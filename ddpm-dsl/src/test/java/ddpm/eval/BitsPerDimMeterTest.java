package ddpm.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.testing.TinyImages;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class BitsPerDimMeterTest {
    private static final int STEPS = 20;
    private static final VariationalBound BOUND = new VariationalBound(
            new Diffusion(BetaSchedule.linear(STEPS, 1e-3, 0.5)), Prediction.EPSILON, Variance.FIXED_LARGE, Clip.X0);
    private static final Denoiser TENTH = (xt, _) -> xt.mul(0.1);

    private static BitsPerDim measure(int batch, int threads, int count) {
        return new BitsPerDimMeter(batch, threads, 3, (_, _) -> {}).measure(TENTH, BOUND, new TinyImages(23), count);
    }

    @Test
    void neitherBatchNorThreadsChangeWhatIsMeasured() {
        var one = measure(23, 1, 23);
        var other = measure(4, 3, 23);
        assertEquals(one.total(), other.total(), 1e-9 * one.total());
        assertEquals(one.standardError(), other.standardError(), 1e-6);
        assertEquals(23, other.images());
    }

    @Test
    void theTermsAddUpAndTheRateGrowsAlongTheCurve() {
        var result = measure(8, 2, 10);
        double sum = result.prior();
        for (double term : result.terms()) {
            assertTrue(term >= 0);
            sum += term;
        }
        assertEquals(result.total(), sum, 1e-9 * sum);
        var curve = result.curve();
        assertEquals(STEPS, curve.size());
        assertEquals(result.prior(), curve.getFirst().rate());
        assertEquals(result.rate(), curve.getLast().rate(), 1e-9);
        for (int i = 1; i < curve.size(); i++) {
            assertTrue(curve.get(i).rate() >= curve.get(i - 1).rate());
            assertTrue(curve.get(i).timestep() == curve.get(i - 1).timestep() - 1);
        }
        // At the end x0hat is within the noise of the first step of x0.
        assertTrue(curve.getLast().distortion() < 127.5 * 0.1, curve.getLast().toString());
        assertTrue(RateDistortionChart.svg(result).endsWith("</svg>\n"));
    }

    @Test
    void progressEndsAtEveryStepOfEveryImage() {
        var last = new AtomicLong();
        new BitsPerDimMeter(4, 2, 0, (done, of) -> {
                    assertEquals(STEPS * 10L, of);
                    last.set(done);
                })
                .measure(TENTH, BOUND, new TinyImages(10), 10);
        assertEquals(STEPS * 10L, last.get());
    }

    @Test
    void moreImagesThanThereAreAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> measure(4, 1, 24));
        assertThrows(IllegalArgumentException.class, () -> measure(4, 1, 0));
    }
}
