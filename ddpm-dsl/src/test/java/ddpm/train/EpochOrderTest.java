package ddpm.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.Noise;
import java.util.BitSet;
import org.junit.jupiter.api.Test;

class EpochOrderTest {
    @Test
    void everyExampleComesOnceAnEpoch() {
        for (int size : new int[] {1, 2, 7, 1000, EpochOrder.SHUFFLED + 1}) {
            var order = new EpochOrder(Noise.seed(3), size);
            for (int epoch = 0; epoch < 2; epoch++) {
                var seen = new BitSet(size);
                for (int i = 0; i < size; i++) {
                    seen.set(order.at((long) epoch * size + i));
                }
                assertEquals(size, seen.cardinality(), size + " in epoch " + epoch);
            }
        }
    }

    /** Of a random permutation about half of all neighbours rise, and the first places are spread over the whole set. */
    @Test
    void largeEpochsAreMixedAndDiffer() {
        int size = 100_000_000;
        var order = new EpochOrder(Noise.seed(3), size);
        int rises = 0;
        int low = 0;
        for (int i = 0; i < 4000; i++) {
            rises += order.at(i + 1) > order.at(i) ? 1 : 0;
            low += order.at(i) < size / 2 ? 1 : 0;
        }
        assertEquals(2000, rises, 130, "four standard deviations of a fair coin");
        assertEquals(2000, low, 130);
        assertNotEquals(order.at(5), order.at(5 + (long) size));
        assertEquals(order.at(5), new EpochOrder(Noise.seed(3), size).at(5));
        assertTrue(order.at(5) != new EpochOrder(Noise.seed(4), size).at(5));
    }
}
