package ddpm.diffusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.Noise.Domain;
import java.util.Arrays;
import java.util.HashSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NoiseTest {
    private static final Noise NOISE = Noise.seed(7);

    @Test
    void philoxGivesTheKnownAnswersOfItsAuthors() {
        assertBlock(0L, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
        assertBlock(-1L, -1, -1, -1, -1, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
        assertBlock(
                0x299f31d0_a4093822L,
                0x243f6a88,
                0x85a308d3,
                0x13198a2e,
                0x03707344,
                0xd16cfe09,
                0x94fdcceb,
                0x5001e420,
                0x24126ea1);
    }

    @Test
    void aLongerDrawBeginsWithTheShorterOnes() {
        var longest = NOISE.normals(Domain.REVERSE, 13, 500, 17);
        for (int count = 0; count <= 17; count++) {
            var dst = new float[count + 2];
            NOISE.normals(Domain.REVERSE, 13, 500, dst, 1, count);
            assertArrayEquals(Arrays.copyOf(longest, count), Arrays.copyOfRange(dst, 1, 1 + count));
            assertEquals(0, dst[0]);
            assertEquals(0, dst[count + 1]);
        }
    }

    @Test
    void everyPartOfTheAddressChangesEveryNumber() {
        var here = NOISE.normals(Domain.REVERSE, 13, 500, 64);
        assertArrayEquals(here, NOISE.normals(Domain.REVERSE, 13, 500, 64));
        assertDisjoint(here, Noise.seed(8).normals(Domain.REVERSE, 13, 500, 64));
        assertDisjoint(here, Noise.seed(7 + (1L << 32)).normals(Domain.REVERSE, 13, 500, 64));
        assertDisjoint(here, NOISE.normals(Domain.EVAL, 13, 500, 64));
        assertDisjoint(here, NOISE.normals(Domain.REVERSE, 14, 500, 64));
        assertDisjoint(here, NOISE.normals(Domain.REVERSE, 13 + (1L << 32), 500, 64));
        assertDisjoint(here, NOISE.normals(Domain.REVERSE, 13 + (1L << 55), 500, 64));
        assertDisjoint(here, NOISE.normals(Domain.REVERSE, 13, 501, 64));
    }

    @Test
    void domainCodesAreFixedAndDistinct() {
        assertArrayEquals(
                IntStream.range(0, Domain.values().length).toArray(),
                Arrays.stream(Domain.values()).mapToInt(Domain::code).toArray());
    }

    /**
     * A change here changes every sample that anyone ever made with a seed. The numbers come from a second program, NumPy
     * with libm's log and cos.
     */
    @Test
    void normalsKeepTheirBits() {
        var bits = new int[5];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(NOISE.normals(Domain.REVERSE, 13, 500, 5)[i]));
        assertEquals("[-1126516411, 1071383855, -1086350476, 1033956067, 1058755221]", Arrays.toString(bits));
        var many = new float[1 << 16];
        NOISE.normals(Domain.INITIAL, 0, 0, many, 0, many.length);
        assertEquals(-638254342, Arrays.hashCode(many));
    }

    @Test
    void normalsHaveTheMomentsOfAStandardNormal() {
        int n = 1 << 20;
        var z = NOISE.normals(Domain.REVERSE, 0, 0, n);
        var sums = new double[7];
        double cross = 0;
        for (int i = 0; i < n; i++) {
            for (int k = 1; k <= 6; k++) {
                sums[k] += Math.pow(z[i], k) / n;
            }
            cross += (double) z[i] * z[(i + 1) % n] / n;
        }
        // Five standard errors of the mean of z^k: sqrt(E z^2k - (E z^k)^2) / sqrt(n).
        double five = 5 / Math.sqrt(n);
        assertEquals(0, sums[1], five);
        assertEquals(1, sums[2], five * Math.sqrt(2));
        assertEquals(0, sums[3], five * Math.sqrt(15));
        assertEquals(3, sums[4], five * Math.sqrt(96));
        assertEquals(0, sums[5], five * Math.sqrt(945));
        assertEquals(15, sums[6], five * Math.sqrt(10170));
        assertEquals(0, cross, five);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 7, -1, 0x0123456789abcdefL})
    void normalsPassAKolmogorovSmirnovTest(long seed) {
        int n = 100_000;
        // One number from each of many addresses: the sequence over images must be as good as the one within an image.
        var z = new double[n];
        for (int i = 0; i < n; i++) {
            z[i] = Noise.seed(seed).normals(Domain.INITIAL, i, 0, 1)[0];
        }
        Arrays.sort(z);
        double worst = 0;
        for (int i = 0; i < n; i++) {
            double cdf = normalCdf(z[i]);
            worst = Math.max(worst, Math.max(cdf - (double) i / n, (i + 1.0) / n - cdf));
        }
        assertTrue(worst < 1.95 / Math.sqrt(n), "KS distance " + worst + ", 0.1 % critical value");
    }

    @Test
    void uniformsStayInsideZeroToOneAndFillItEvenly() {
        var dst = new float[1 << 18];
        NOISE.uniforms(Domain.DROPOUT, 3, 4, dst, 0, dst.length);
        var buckets = new int[64];
        for (float u : dst) {
            assertTrue(u > 0 && u < 1);
            buckets[(int) (u * 64)]++;
        }
        double expected = dst.length / 64.0;
        double chiSquare = Arrays.stream(buckets)
                .mapToDouble(b -> (b - expected) * (b - expected) / expected)
                .sum();
        assertTrue(chiSquare > 25 && chiSquare < 120, "chi square with 63 degrees of freedom: " + chiSquare);
        var shorter = new float[9];
        NOISE.uniforms(Domain.DROPOUT, 3, 4, shorter, 2, 7);
        assertArrayEquals(Arrays.copyOf(dst, 7), Arrays.copyOfRange(shorter, 2, 9));
    }

    @Test
    void scalarDrawsCoverTheirRangeEvenly() {
        var counts = new int[1000];
        double mean = 0;
        int n = 1 << 20;
        for (int i = 0; i < n; i++) {
            counts[NOISE.below(1000, Domain.TRAIN_TIMESTEP, i & 127, i >>> 7, 0)]++;
            mean += NOISE.uniform(Domain.TRAIN_FLIP, i & 127, i >>> 7, 0) / n;
        }
        double expected = n / 1000.0;
        double chiSquare = Arrays.stream(counts)
                .mapToDouble(c -> (c - expected) * (c - expected) / expected)
                .sum();
        assertTrue(chiSquare > 800 && chiSquare < 1200, "chi square with 999 degrees of freedom: " + chiSquare);
        assertEquals(0.5, mean, 5 / Math.sqrt(12.0 * n));
        assertEquals(0, NOISE.below(1, Domain.TRAIN_TIMESTEP, 0, 0, 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 10, 1000, 50_000})
    void aPermutationVisitsEveryImageOnce(int n) {
        var order = NOISE.permutation(5, n);
        var sorted = order.clone();
        Arrays.sort(sorted);
        assertArrayEquals(IntStream.range(0, n).toArray(), sorted);
        assertArrayEquals(order, NOISE.permutation(5, n));
    }

    @Test
    void permutationsOfThreeAreEquallyFrequentOverEpochs() {
        var counts = new int[27];
        for (int epoch = 0; epoch < 6000; epoch++) {
            var order = NOISE.permutation(epoch, 3);
            counts[order[0] * 9 + order[1] * 3 + order[2]]++;
        }
        int[] seen = Arrays.stream(counts).filter(c -> c > 0).toArray();
        assertEquals(6, seen.length);
        for (int count : seen) {
            assertEquals(1000, count, 5 * Math.sqrt(1000));
        }
        assertFalse(Arrays.equals(NOISE.permutation(0, 100), NOISE.permutation(1, 100)));
    }

    @Test
    void addressesOutsideTheirRangeAreRefusedByValue() {
        var image = assertThrows(IllegalArgumentException.class, () -> NOISE.normals(Domain.REVERSE, 1L << 56, 0, 1));
        assertEquals("image 72057594037927936 is outside 0..2^56-1", image.getMessage());
        assertThrows(IllegalArgumentException.class, () -> NOISE.normals(Domain.REVERSE, -1, 0, 1));
        var step = assertThrows(IllegalArgumentException.class, () -> NOISE.normals(Domain.REVERSE, 0, -1, 1));
        assertEquals("step -1; steps are counted from 0", step.getMessage());
        assertThrows(IllegalArgumentException.class, () -> NOISE.below(0, Domain.TRAIN_TIMESTEP, 0, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> NOISE.uniform(Domain.TRAIN_TIMESTEP, 0, 0, -1));
        assertThrows(IllegalArgumentException.class, () -> NOISE.permutation(0, -1));
        assertThrows(IndexOutOfBoundsException.class, () -> NOISE.normals(Domain.REVERSE, 0, 0, new float[4], 1, 4));
        assertEquals(1, NOISE.normals(Domain.REVERSE, (1L << 56) - 1, Integer.MAX_VALUE, 1).length);
    }

    private static void assertBlock(long key, int c0, int c1, int c2, int c3, int... expected) {
        var philox = new Philox(key);
        philox.block(c0, c1, c2, c3);
        assertArrayEquals(expected, new int[] {philox.x0, philox.x1, philox.x2, philox.x3});
    }

    private static void assertDisjoint(float[] a, float[] b) {
        var seen = new HashSet<Float>();
        for (float value : a) {
            seen.add(value);
        }
        for (float value : b) {
            assertFalse(seen.contains(value));
        }
    }

    /** The standard normal's distribution function by its series about 0 (Marsaglia 2004), exact to about 1e-15. */
    private static double normalCdf(double x) {
        double sum = x;
        double term = x;
        for (int i = 3; sum + term != sum; i += 2) {
            term *= x * x / i;
            sum += term;
        }
        return 0.5 + sum * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
    }
}
