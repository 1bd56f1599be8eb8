package ddpm.train;

import ddpm.diffusion.Noise;

/**
 * The endless sequence of epochs, each a random permutation of the whole set.
 *
 * <p>Sets of up to {@value #SHUFFLED} examples are shuffled as arrays. Larger ones are permuted place by place, by a Feistel
 * network over the numbers of as many bits with a walk along its cycle back into the set (Black and Rogaway 2002): a hundred
 * million examples cost nothing at the start.
 */
final class EpochOrder {
    /** The largest set that is shuffled as an array. */
    static final int SHUFFLED = 1 << 22;

    private static final int ROUNDS = 4;

    private final Noise noise;
    private final int size;
    private final int halfBits;
    /** The even and the odd epoch last asked for: a batch may span two, which its slices then ask for in turn. */
    private final int[] epochs = {-1, -1};

    private final int[][] orders = new int[2][];

    EpochOrder(Noise noise, int size) {
        this.noise = noise;
        this.size = size;
        this.halfBits = (Integer.SIZE - Integer.numberOfLeadingZeros(size - 1) + 1) / 2;
    }

    /** The example at a place, counted from the start of the run; places are asked for in about rising order. */
    int at(long place) {
        int epoch = Math.toIntExact(place / size);
        int number = (int) (place % size);
        return size > SHUFFLED ? permuted(epoch, number) : shuffled(epoch)[number];
    }

    private synchronized int[] shuffled(int epoch) {
        int slot = epoch & 1;
        if (epoch != epochs[slot]) {
            orders[slot] = noise.permutation(epoch, size);
            epochs[slot] = epoch;
        }
        return orders[slot];
    }

    /** Each number of the set once: the network permutes 2^(2 halfBits) numbers, of which those outside are passed by. */
    private int permuted(int epoch, int number) {
        long mixed = number;
        do {
            mixed = feistel(epoch, mixed);
        } while (mixed >= size);
        return (int) mixed;
    }

    private long feistel(int epoch, long number) {
        int mask = (1 << halfBits) - 1;
        int left = (int) (number >>> halfBits);
        int right = (int) number & mask;
        for (int round = 0; round < ROUNDS; round++) {
            int mixed = noise.below(1 << halfBits, Noise.Domain.TRAIN_ORDER, right, epoch, 1 + round);
            int next = left ^ mixed;
            left = right;
            right = next;
        }
        return (long) left << halfBits | right;
    }
}
