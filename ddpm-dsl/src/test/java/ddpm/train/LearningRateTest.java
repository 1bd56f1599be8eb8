package ddpm.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

/** Rates by step, against the figures that transformers' tests/optimization/test_optimization.py expects of its schedules. */
class LearningRateTest {
    private static final double[] CONSTANT_WITH_WARMUP = {0, 2.5, 5, 7.5, 10, 10, 10, 10, 10, 10};
    private static final double[] LINEAR = {0, 5, 10, 8.75, 7.5, 6.25, 5, 3.75, 2.5, 1.25};
    private static final double[] COSINE = {0, 5, 10, 9.61, 8.53, 6.91, 5, 3.08, 1.46, 0.38};

    @Test
    void ratesAreThoseOfTransformers() {
        check(CONSTANT_WITH_WARMUP, new LearningRate.Warmup(10, 4));
        check(LINEAR, new LearningRate.Linear(10, 2, 10));
        check(COSINE, new LearningRate.Cosine(10, 2, 10));
    }

    @Test
    void aFallStartsAtTheHighestRateWithoutWarmupAndEndsAtZero() {
        for (var rate : new LearningRate[] {new LearningRate.Linear(3, 0, 5), new LearningRate.Cosine(3, 0, 5)}) {
            assertEquals(3, rate.at(0));
            assertEquals(0, rate.at(5));
            assertEquals(0, rate.at(100));
        }
    }

    @Test
    void aWarmupAsLongAsTheWholeIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new LearningRate.Linear(1, 5, 5));
        assertThrows(IllegalArgumentException.class, () -> new LearningRate.Cosine(1, -1, 5));
    }

    /** Within what their two decimals leave open, which for 3.0866 they cut off. */
    private static void check(double[] expected, LearningRate rate) {
        for (int step = 0; step < expected.length; step++) {
            assertEquals(expected[step], rate.at(step), 0.01, rate + " at step " + step);
        }
    }
}
