package ddpm.diffusion;

import static ddpm.testing.Golden.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.testing.Golden;
import java.io.IOException;
import java.util.List;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BetaScheduleTest {
    @ParameterizedTest
    @ValueSource(ints = {100, 1000, 4000})
    void linearEqualsImprovedDiffusionsScaledToTheStepCount(int steps) throws IOException {
        double scale = 1000.0 / steps;
        var expected = Golden.npy("improved-diffusion/schedules/linear_" + steps + "_betas.npy");
        var actual = BetaSchedule.linear(steps, scale * 1e-4, scale * 0.02);
        assertClose(expected.doubles(), actual.betas().doubles(), 1e-12, "beta");
    }

    @ParameterizedTest
    @ValueSource(ints = {50, 100, 1000, 4000})
    void cosineEqualsImprovedDiffusions(int steps) throws IOException {
        var expected = Golden.npy("improved-diffusion/schedules/cosine_" + steps + "_betas.npy");
        assertSignalClose(expected.doubles(), BetaSchedule.cosine(steps));
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 1000})
    void linearCosineAndSigmoidEqualLucidrains(int steps) throws IOException {
        double scale = 1000.0 / steps;
        var linear = Golden.npy("lucidrains/betas/linear_" + steps + ".npy");
        var actual = BetaSchedule.linear(steps, scale * 1e-4, scale * 0.02);
        assertClose(linear.doubles(), actual.betas().doubles(), 1e-12, "linear");
        var cosine = Golden.npy("lucidrains/betas/cosine_" + steps + ".npy");
        assertSignalClose(cosine.doubles(), BetaSchedule.cosine(steps));
        var sigmoid = Golden.npy("lucidrains/betas/sigmoid_" + steps + ".npy");
        // lucidrains rounds the curve's two ends to float32: 6e-8 of alphasCumprod, a growing part of what is left of
        // it.
        var theirs = new Diffusion(BetaSchedule.of(sigmoid.doubles())).alphasCumprod();
        var ours = new Diffusion(BetaSchedule.sigmoid(steps)).alphasCumprod();
        for (int t = 0; t < steps; t++) {
            assertEquals(theirs.at(t), ours.at(t), 6e-8, "sigmoid alphasCumprod[" + t + "]");
        }
    }

    /** diffusers computes in float32, so seven digits are all there is. */
    @Test
    void linearAndCosineEqualDiffusersWithinFloat() throws IOException {
        var linear = Golden.npy("diffusers/schedules/linear_betas.npy");
        assertClose(linear.doubles(), BetaSchedule.ho2020().betas().doubles(), 3e-7, "linear");
        var cosine = Golden.npy("diffusers/schedules/squaredcos_cap_v2_betas.npy");
        assertClose(cosine.doubles(), BetaSchedule.cosine(1000).betas().doubles(), 3e-7, "cosine");
        var signal = Golden.npy("diffusers/schedules/squaredcos_cap_v2_alphas_cumprod.npy");
        var diffusion = new Diffusion(BetaSchedule.cosine(1000));
        assertClose(signal.doubles(), diffusion.alphasCumprod().doubles(), 2e-5, "alphasCumprod");
    }

    @Test
    void linearIsNumpysLinspace() {
        var betas = BetaSchedule.linear(5, 0.1, 0.5).betas();
        assertArrayEquals(new double[] {0.1, 0.2, 0.30000000000000004, 0.4, 0.5}, betas.doubles());
        assertArrayEquals(
                new double[] {0.3}, BetaSchedule.linear(1, 0.3, 0.5).betas().doubles());
    }

    @Test
    void theOlderCurvesFollowTheirFormulas() {
        assertClose(
                new double[] {0.01, 0.0625, 0.16},
                BetaSchedule.quadratic(3, 0.01, 0.16).betas().doubles(),
                1e-14,
                "quadratic");
        assertArrayEquals(
                new double[] {0.3, 0.3}, BetaSchedule.constant(2, 0.3).betas().doubles());
        var tenth = BetaSchedule.warmup10(20, 0.1, 0.5).betas();
        assertArrayEquals(new double[] {0.1, 0.5, 0.5}, new double[] {tenth.at(0), tenth.at(1), tenth.at(19)});
        var half = BetaSchedule.warmup50(6, 0.1, 0.5).betas().doubles();
        assertClose(new double[] {0.1, 0.3, 0.5, 0.5, 0.5, 0.5}, half, 1e-15, "warmup50");
        // Fewer than ten steps leave no tenth to warm up in: the end throughout, as in the original code.
        assertEquals(0.5, BetaSchedule.warmup10(9, 0.1, 0.5).betas().at(0));
    }

    @Test
    void jsdStopsShortOfTheBetaOfOneThatItsFormulaEndsOn() {
        var betas = BetaSchedule.jsd(4).betas().doubles();
        assertArrayEquals(new double[] {0.25, 1.0 / 3, 0.5, 0.999}, betas);
        assertTrue(Double.isFinite(
                new Diffusion(BetaSchedule.jsd(1000)).sqrtRecipm1AlphasCumprod().at(999)));
    }

    @ParameterizedTest
    @CsvSource({
        "0.0, 0.5, 'beta[0] of linear(3, 0.0, 0.5) is 0.0'",
        "0.1, 1.0, 'beta[2] of linear(3, 0.1, 1.0) is 1.0'",
        "0.9, 1.9, 'beta[1] of linear(3, 0.9, 1.9) is 1.4'",
        "-0.1, 0.5, 'beta[0] of linear(3, -0.1, 0.5) is -0.1'",
        "NaN, 0.5, 'beta[0] of linear(3, NaN, 0.5) is NaN'",
        "0.1, Infinity, 'beta[1] of linear(3, 0.1, Infinity) is Infinity'",
    })
    void aBetaOutsideZeroToOneIsRefusedByIndexAndValue(double start, double end, String message) {
        var refusal = assertThrows(IllegalArgumentException.class, () -> BetaSchedule.linear(3, start, end));
        assertTrue(refusal.getMessage().startsWith(message), refusal.getMessage());
    }

    @Test
    void betasThatWouldMakeTablesInfiniteAreRefused() {
        var tiny = assertThrows(IllegalArgumentException.class, () -> BetaSchedule.of(1e-17, 0.1));
        assertTrue(tiny.getMessage().startsWith("beta[0] of given(2 betas) is 1.0E-17;"), tiny.getMessage());
        var empty = assertThrows(IllegalArgumentException.class, () -> BetaSchedule.constant(1000, 0.5));
        assertTrue(empty.getMessage().startsWith("alphasCumprod[126] of constant(1000, 0.5) is"), empty.getMessage());
    }

    @Test
    void everyCurveRefusesImpossibleStepCounts() {
        IntFunction<BetaSchedule> linear = steps -> BetaSchedule.linear(steps, 1e-4, 0.02);
        IntFunction<BetaSchedule> warmup = steps -> BetaSchedule.warmup10(steps, 1e-4, 0.02);
        IntFunction<BetaSchedule> constant = steps -> BetaSchedule.constant(steps, 0.1);
        IntFunction<BetaSchedule> quadratic = steps -> BetaSchedule.quadratic(steps, 1e-4, 0.02);
        for (var curve : List.of(
                linear, quadratic, constant, warmup, BetaSchedule::jsd, BetaSchedule::cosine, BetaSchedule::sigmoid)) {
            for (int steps : new int[] {Integer.MIN_VALUE, -1, 0, 1_000_001, Integer.MAX_VALUE}) {
                var refusal = assertThrows(IllegalArgumentException.class, () -> curve.apply(steps));
                assertEquals("a schedule has 1..1000000 steps, not " + steps, refusal.getMessage());
            }
            assertEquals(1, curve.apply(1).steps());
        }
        assertThrows(IllegalArgumentException.class, BetaSchedule::of);
    }

    @Test
    void sigmoidRefusesACurveThatDoesNotFall() {
        assertThrows(IllegalArgumentException.class, () -> BetaSchedule.sigmoid(10, 3, 3, 1));
        assertThrows(IllegalArgumentException.class, () -> BetaSchedule.sigmoid(10, 3, -3, 1));
        assertThrows(IllegalArgumentException.class, () -> BetaSchedule.sigmoid(10, -3, 3, 0));
        assertThrows(IllegalArgumentException.class, () -> BetaSchedule.sigmoid(10, Double.NaN, 3, 1));
    }

    @Test
    void theSignalLeftAtTheEndIsSmallForTheHouseScheduleAndLargeForTheSameBetasInTenSteps() {
        assertEquals(Math.sqrt(4.03583e-5), BetaSchedule.ho2020().terminalSignal(), 1e-7);
        assertEquals(0.95, BetaSchedule.linear(10, 1e-4, 0.02).terminalSignal(), 0.01);
    }

    @Test
    void betasAreCopiedInAndOut() {
        var given = new double[] {0.1, 0.2};
        var schedule = BetaSchedule.of(given);
        given[0] = 7;
        schedule.betas().doubles()[1] = 7;
        assertArrayEquals(new double[] {0.1, 0.2}, schedule.betas().doubles());
    }

    @Test
    void schedulesAreEqualWhenTheirBetasAre() {
        var schedule = BetaSchedule.linear(2, 0.1, 0.2);
        assertEquals(schedule, BetaSchedule.of(0.1, 0.2));
        assertEquals(schedule.hashCode(), BetaSchedule.of(0.1, 0.2).hashCode());
        assertNotEquals(schedule, BetaSchedule.of(0.1, 0.3));
        assertEquals("linear(2, 0.1, 0.2)", schedule.toString());
    }

    /** beta = 1 - ratio of two cosines: an ulp of a cosine is 1e-16 of beta absolutely, whatever beta's size. */
    private static void assertSignalClose(double[] expected, BetaSchedule actual) {
        var betas = actual.betas().doubles();
        assertEquals(expected.length, betas.length);
        for (int t = 0; t < betas.length; t++) {
            assertEquals(expected[t], betas[t], 1e-12 * expected[t] + 7e-16, "beta[" + t + "]");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"warmup50(,)", "linear(,)", "cosine()", "jsd(,,)", "linear(1000,)", "linear(1e999, 0, 1)", "(,)"
            })
    void textThatNamesNoNumbersIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> BetaSchedule.parse(text));
    }
}
