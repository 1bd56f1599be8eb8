package ddpm.diffusion;

import static ddpm.testing.Golden.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.testing.Golden;
import java.io.IOException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DiffusionTest {
    private static final Diffusion HO = new Diffusion(BetaSchedule.ho2020());

    @Test
    void tablesEqualImprovedDiffusionsForTheLinearSchedule() throws IOException {
        assertTables("linear_1000", HO);
    }

    @Test
    void tablesEqualImprovedDiffusionsForTheCosineSchedule() throws IOException {
        assertTables("cosine_100", new Diffusion(BetaSchedule.cosine(100)));
    }

    @Test
    void respacedTablesAndTimestepsEqualImprovedDiffusions() throws IOException {
        var cosine = new Diffusion(BetaSchedule.cosine(1000));
        assertRespaced("spaced_linear_1000_100", HO.respaced(Timesteps.even(1000, 100)));
        assertRespaced("spaced_linear_1000_ddim50", HO.respaced(Timesteps.integerStride(1000, 50)));
        assertRespaced("spaced_cosine_1000_25", cosine.respaced(Timesteps.even(1000, 25)));
    }

    @Test
    void thePaperScheduleHasItsKnownNumbers() {
        var signal = HO.alphasCumprod();
        assertEquals(0.9999, signal.at(0), 1e-12);
        assertEquals(0.999780092, signal.at(1), 5e-10);
        assertEquals(0.078587243, signal.at(499), 5e-10);
        assertEquals(4.03583e-5, signal.at(999), 5e-11);
        assertEquals(5.45319e-5, HO.posteriorVariance().at(1), 5e-11);
        assertEquals(0, HO.posteriorVariance().at(0));
    }

    @Test
    void bothLogVariancesStartAtThePosteriorVarianceOfTheSecondStep() {
        double first = Math.log(HO.posteriorVariance().at(1));
        assertEquals(first, HO.logVariance(Variance.FIXED_SMALL).at(0), 1e-14);
        assertEquals(first, HO.logVariance(Variance.FIXED_LARGE).at(0), 1e-14);
        assertEquals(Math.log(0.02), HO.logVariance(Variance.FIXED_LARGE).at(999), 1e-14);
    }

    @Test
    void aChainOfOneStepHasFiniteTables() {
        var diffusion = HO.respaced(Timesteps.even(1000, 1));
        assertEquals(999, diffusion.timestep(0));
        assertEquals(1 - 4.03583e-5, diffusion.betas().at(0), 1e-9);
        for (var variance : Variance.values()) {
            assertEquals(
                    Math.log(diffusion.betas().at(0)),
                    diffusion.logVariance(variance).at(0));
        }
        assertEquals(1, diffusion.posteriorMeanCoef1().at(0), 1e-12);
        assertEquals(0, diffusion.posteriorMeanCoef2().at(0));
    }

    @Test
    void respacingKeepsTheSignalOfEveryVisitedStepAndCanBeRepeated() {
        var once = HO.respaced(Timesteps.even(1000, 100));
        var twice = once.respaced(Timesteps.even(100, 10));
        assertEquals(1000, twice.trainedSteps());
        for (int i = 0; i < 10; i++) {
            double expected = HO.alphasCumprod().at(twice.timestep(i));
            assertEquals(expected, twice.alphasCumprod().at(i), expected * 1e-12);
        }
        var places = Timesteps.even(100, 10);
        for (int i = 0; i < 10; i++) {
            assertEquals(once.timestep(places.at(9 - i)), twice.timestep(i));
        }
    }

    /** Merged betas, not those of the full chain: 1 - abar_t / abar_prev; and logarithms of variances are finite. */
    @Test
    void variancesOfARespacedChainFollowFromTheSignalItKeeps() {
        for (var full : new Diffusion[] {HO, new Diffusion(BetaSchedule.cosine(1000))}) {
            for (int count : new int[] {1, 2, 3, 50, 999}) {
                var chain = full.respaced(Timesteps.even(1000, count));
                for (int i = 0; i < count; i++) {
                    double previous = i == 0 ? 1 : full.alphasCumprod().at(chain.timestep(i - 1));
                    double beta = 1 - full.alphasCumprod().at(chain.timestep(i)) / previous;
                    assertEquals(beta, chain.variance(Variance.FIXED_LARGE).at(i), 1e-12);
                    for (var variance : Variance.values()) {
                        assertTrue(Double.isFinite(chain.logVariance(variance).at(i)), chain.schedule() + " at " + i);
                    }
                }
            }
        }
    }

    @Test
    void visitingEveryStepChangesNothing() {
        var same = HO.respaced(Timesteps.even(1000, 1000));
        assertClose(HO.betas().doubles(), same.betas().doubles(), 1e-11, "beta");
        assertArrayEquals(HO.timesteps(), same.timesteps());
    }

    @Test
    void timestepsOfAnotherChainAreRefused() {
        var refusal = assertThrows(IllegalArgumentException.class, () -> HO.respaced(Timesteps.even(100, 10)));
        assertEquals("the timesteps belong to a chain of 100 steps and this one has 1000", refusal.getMessage());
    }

    @Test
    void aTimestepOutsideTheChainIsRefusedByValue() {
        for (int t : new int[] {-1, 1000}) {
            var refusal = assertThrows(
                    IndexOutOfBoundsException.class, () -> HO.betas().at(t));
            assertEquals("timestep " + t + " is outside 0..999", refusal.getMessage());
            assertThrows(IndexOutOfBoundsException.class, () -> HO.timestep(t));
        }
    }

    @Test
    void theNameOfARespacedScheduleTellsWhereItCameFrom() {
        assertEquals(
                "linear(1000, 1.0E-4, 0.02) at 50 of 1000 timesteps, 999..0",
                HO.respaced(Timesteps.even(1000, 50)).schedule().toString());
    }

    private static void assertRespaced(String name, Diffusion diffusion) throws IOException {
        assertTables(name, diffusion);
        var map = Golden.npy("improved-diffusion/" + name + "/timestep_map.npy").longs();
        assertArrayEquals(
                map, IntStream.of(diffusion.timesteps()).asLongStream().toArray());
        assertEquals(1000, diffusion.trainedSteps());
    }

    private static void assertTables(String name, Diffusion diffusion) throws IOException {
        check(name, "betas", diffusion.betas());
        check(name, "alphas_cumprod", diffusion.alphasCumprod());
        check(name, "alphas_cumprod_prev", diffusion.alphasCumprodPrev());
        check(name, "sqrt_alphas_cumprod", diffusion.sqrtAlphasCumprod());
        check(name, "sqrt_one_minus_alphas_cumprod", diffusion.sqrtOneMinusAlphasCumprod());
        check(name, "log_one_minus_alphas_cumprod", diffusion.logOneMinusAlphasCumprod());
        check(name, "sqrt_recip_alphas_cumprod", diffusion.sqrtRecipAlphasCumprod());
        check(name, "sqrt_recipm1_alphas_cumprod", diffusion.sqrtRecipm1AlphasCumprod());
        check(name, "posterior_variance", diffusion.posteriorVariance());
        check(name, "posterior_log_variance_clipped", diffusion.posteriorLogVarianceClipped());
        check(name, "posterior_mean_coef1", diffusion.posteriorMeanCoef1());
        check(name, "posterior_mean_coef2", diffusion.posteriorMeanCoef2());
    }

    private static void check(String name, String coefficient, Table actual) throws IOException {
        var expected = Golden.npy("improved-diffusion/" + name + "/coef/" + coefficient + ".npy");
        assertClose(expected.doubles(), actual.doubles(), 1e-12, name + " " + coefficient);
    }
}
