package ddpm.diffusion;

/**
 * Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011):
 * a bijection of 128-bit counters under a 64-bit key whose outputs pass BigCrush. It has no state to advance; the
 * fields hold the last block only. Confined to one thread.
 */
final class Philox {
    private static final int ROUNDS = 10;
    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    /** Key increments: the golden ratio and sqrt(3) - 1, as 32-bit fractions. */
    private static final int WEYL_0 = 0x9E3779B9;

    private static final int WEYL_1 = 0xBB67AE85;
    private static final long LOW_32 = 0xFFFFFFFFL;

    private final int key0;
    private final int key1;

    /** The four words of the last block. */
    int x0;

    int x1;
    int x2;
    int x3;

    /** @param key its low 32 bits are the first key word, its high 32 bits the second */
    Philox(long key) {
        key0 = (int) key;
        key1 = (int) (key >>> 32);
    }

    /** Puts the block of counter (c0, c1, c2, c3) into x0..x3. */
    void block(int c0, int c1, int c2, int c3) {
        int k0 = key0;
        int k1 = key1;
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = MULTIPLIER_0 * (c0 & LOW_32);
            long product1 = MULTIPLIER_1 * (c2 & LOW_32);
            c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c1 = (int) product1;
            c3 = (int) product0;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        x0 = c0;
        x1 = c1;
        x2 = c2;
        x3 = c3;
    }
}
