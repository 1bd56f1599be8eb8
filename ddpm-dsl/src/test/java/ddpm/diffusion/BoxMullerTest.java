package ddpm.diffusion;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The JDK's StrictMath, itself within 1 ulp of the true value, is the measure. */
class BoxMullerTest {
    private static final int DRAWS = 1_000_000;
    private final SplittableRandom random = new SplittableRandom(1);

    @Test
    void theLogarithmIsWithinThreeUlpsOverAllWords() {
        double worst = 0;
        for (int i = 0; i < DRAWS; i++) {
            // Words of every magnitude, so that u near 0 and near 1 are met as often as the middle.
            int word = random.nextInt() >>> random.nextInt(32);
            for (double u : new double[] {BoxMuller.uniform(word), BoxMuller.uniform(~word)}) {
                double expected = StrictMath.log(u);
                worst = Math.max(worst, Math.abs(BoxMuller.ln(u) - expected) / Math.ulp(expected));
            }
        }
        assertTrue(worst <= 3, "worst error " + worst + " ulps");
    }

    @Test
    void sineAndCosineAreWithinTwoUlpsOverAnEighthTurnEachWay() {
        double worst = 0;
        for (int i = 0; i < DRAWS; i++) {
            double a = BoxMuller.offset(random.nextInt());
            assertTrue(Math.abs(a) <= Math.PI / 4);
            double sin = StrictMath.sin(a);
            double cos = StrictMath.cos(a);
            worst = Math.max(worst, Math.abs(BoxMuller.sin(a) - sin) / Math.ulp(sin));
            worst = Math.max(worst, Math.abs(BoxMuller.cos(a) - cos) / Math.ulp(cos));
        }
        assertTrue(worst <= 2, "worst error " + worst + " ulps");
    }

    @Test
    void quarterAndOffsetAddUpToTheAngleOfTheWord() {
        for (int i = 0; i < DRAWS; i++) {
            int word = random.nextInt();
            double angle = BoxMuller.uniform(word) * 2 * Math.PI;
            double offset = BoxMuller.offset(word);
            int quarter = BoxMuller.quarter(word);
            assertEquals(
                    StrictMath.cos(angle),
                    BoxMuller.turnedCos(quarter, BoxMuller.cos(offset), BoxMuller.sin(offset)),
                    1e-15);
            assertEquals(
                    StrictMath.sin(angle),
                    BoxMuller.turnedSin(quarter, BoxMuller.cos(offset), BoxMuller.sin(offset)),
                    1e-15);
        }
    }

    @Test
    void theExtremeWordsGiveFiniteNormals() {
        assertEquals(0x1p-33, BoxMuller.uniform(0));
        assertEquals(1 - 0x1p-33, BoxMuller.uniform(-1));
        assertEquals(6.764, BoxMuller.radius(0), 1e-3);
        assertEquals(1.526e-5, BoxMuller.radius(-1), 1e-8);
    }
}
