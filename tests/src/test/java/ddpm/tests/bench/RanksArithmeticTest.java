package ddpm.tests.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RanksArithmeticTest {
    /** The paper's network: 35,746,307 parameters; a second an image. */
    private static final RanksArithmetic.Job PAPER = new RanksArithmetic.Job(1, 0.5, 4.0 * 35_746_307, 1024, 0);

    @Test
    void withoutOverlapARingsBytesAreAddedToTheStep() {
        assertEquals(1024.5, PAPER.step(1, 10, false));
        // 143 MB once through 10 Gbit/s are 114.4 ms: two ranks move 2 (2-1)/2 times as much.
        assertEquals(512.5 + 0.1144, PAPER.step(2, 10, false), 1e-4);
        assertEquals(1.5 + 2 * 0.1144 * 1023 / 1024, PAPER.step(1024, 10, false), 1e-4);
    }

    @Test
    void withOverlapOnlyTheLastBucketIsWaitedForOnAFastLink() {
        assertEquals(512.5 + 0.1144 / 4, PAPER.step(2, 10, true), 1e-4);
    }

    @Test
    void onASlowLinkTheBytesDecideEitherWay() {
        double sent = 2 * 4.0 * 35_746_307 * 1023 / 1024 * 8 / 1e8; // 0.1 Gbit/s, 22.9 s
        // So many ranks send one bucket, when the pass of an image has ended; then comes the update.
        assertEquals(1 + sent + 0.5, PAPER.step(1024, 0.1, true), 1e-9);
        assertTrue(PAPER.pays(0.1, true) < PAPER.pays(100, true));
    }
}
