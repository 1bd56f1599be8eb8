package ddpm.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.testing.TinyImages;
import ddpm.torch.Device;
import ddpm.torch.TensorScope;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class BitsPerDimMeterTest {
    private static final int STEPS = 20;
    private static final VariationalBound BOUND = new VariationalBound(
            new Diffusion(BetaSchedule.linear(STEPS, 1e-3, 0.5)), Prediction.EPSILON, Variance.FIXED_LARGE, Clip.X0);
    private static final Denoiser TENTH = (xt, _) -> xt.mul(0.1);

    private static BitsPerDim measure(int batch, int threads, int count) {
        return new BitsPerDimMeter(batch, threads, Device.CPU, 3, (_, _) -> {})
                .measure(TENTH, BOUND, new TinyImages(23), count);
    }

    @Test
    void neitherBatchNorThreadsChangeWhatIsMeasured() {
        var one = measure(23, 1, 23);
        var other = measure(4, 3, 23);
        assertEquals(
                one.total().mean(), other.total().mean(), 1e-9 * one.total().mean());
        assertEquals(one.total().standardError(), other.total().standardError(), 1e-6);
        assertEquals(23, other.images());
    }

    @Test
    void theTermsAddUpAndTheRateGrowsAlongTheCurve() {
        var result = measure(8, 2, 10);
        double sum = result.prior().mean();
        for (var term : result.terms()) {
            assertTrue(term.mean() >= 0);
            sum += term.mean();
        }
        assertEquals(result.total().mean(), sum, 1e-9 * sum);
        var curve = result.curve();
        assertEquals(STEPS, curve.size());
        assertEquals(result.prior().mean(), curve.getFirst().rate());
        assertEquals(result.rate(), curve.getLast().rate(), 1e-9);
        for (int i = 1; i < curve.size(); i++) {
            assertTrue(curve.get(i).rate() >= curve.get(i - 1).rate());
            assertTrue(curve.get(i).timestep() == curve.get(i - 1).timestep() - 1);
        }
        // At the end x0hat is within the noise of the first step of x0.
        assertTrue(curve.getLast().distortion() < 127.5 * 0.1, curve.getLast().toString());
        assertTrue(RateDistortionChart.svg(result).endsWith("</svg>\n"));
    }

    /** An image's own total is what it adds to the sum. */
    @Test
    void standardErrorsAreThoseOfTheImagesOwnTotals() {
        int count = 6;
        double before = 0;
        var totals = new double[count];
        var firstTerms = new double[count];
        double firstBefore = 0;
        for (int n = 1; n <= count; n++) {
            var soFar = measure(8, 1, n);
            totals[n - 1] = soFar.total().mean() * n - before;
            firstTerms[n - 1] = soFar.terms().get(5).mean() * n - firstBefore;
            before = soFar.total().mean() * n;
            firstBefore = soFar.terms().get(5).mean() * n;
        }
        var all = measure(8, 1, count);
        assertEquals(standardError(totals), all.total().standardError(), 1e-9);
        assertEquals(standardError(firstTerms), all.terms().get(5).standardError(), 1e-9);
        assertTrue(Double.isNaN(measure(8, 1, 1).total().standardError()));
    }

    /** sqrt((E[x^2] - E[x]^2) / (n - 1)). */
    private static double standardError(double[] values) {
        double mean = Arrays.stream(values).average().orElseThrow();
        double square = Arrays.stream(values).map(v -> v * v).average().orElseThrow();
        return Math.sqrt((square - mean * mean) / (values.length - 1));
    }

    @Test
    void quartersHoldEveryTermButTheDecoders() {
        var result = measure(8, 2, 10);
        assertEquals(
                List.of("1..4", "5..9", "10..14", "15..19"),
                result.quarters().stream().map(q -> q.fromT() + ".." + q.toT()).toList());
        double sum = result.prior().mean() + result.decoder().mean();
        for (var quarter : result.quarters()) {
            sum += quarter.bits().mean();
            double terms = 0;
            for (int t = quarter.fromT(); t <= quarter.toT(); t++) {
                terms += result.terms().get(t).mean();
            }
            assertEquals(terms, quarter.bits().mean(), 1e-12 + 1e-9 * terms);
        }
        assertEquals(result.total().mean(), sum, 1e-9 * sum);
    }

    @Test
    void whatAReceiverSeesHasTheDistortionOfTheCurve() {
        var data = new TinyImages(5);
        var meter = new BitsPerDimMeter(2, 2, Device.CPU, 3, (_, _) -> {});
        var result = meter.measure(TENTH, BOUND, data, 5);
        try (var _ = TensorScope.open()) {
            for (int t : new int[] {0, 7, STEPS - 1}) {
                var seen = meter.received(TENTH, BOUND, data, 5, t).toFloats();
                var clean = Batches.images(data, 0, 5).toFloats();
                double error = 0;
                for (int i = 0; i < seen.length; i++) {
                    error += (seen[i] - clean[i]) * (double) (seen[i] - clean[i]) / seen.length;
                }
                // Rounded to float32 once.
                assertEquals(result.squaredErrors().get(t), error, 1e-6 * error);
            }
        }
    }

    @Test
    void theChartOfTheTermsSpansThemAll() {
        var chart = BoundChart.svg(measure(8, 2, 3));
        assertTrue(chart.startsWith("<svg") && chart.endsWith("</svg>\n"), chart);
        assertTrue(chart.contains("fill-opacity"), "a band of standard errors");
        assertFalse(BoundChart.svg(measure(8, 2, 1)).contains("fill-opacity"), "of one image there is none");
        assertFalse(chart.contains("NaN") || chart.contains("Infinity"), chart);
        assertFalse(RateDistortionChart.svg(measure(8, 2, 1)).contains("NaN"));
    }

    @Test
    void progressEndsAtEveryStepOfEveryImage() {
        var last = new AtomicLong();
        new BitsPerDimMeter(4, 2, Device.CPU, 0, (done, of) -> {
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
