package ddpm.train;

import ddpm.diffusion.Noise;

/** Which image stands at which place of the endless sequence of epochs, each a permutation of the whole set. */
final class TrainOrder {
    private final Noise noise;
    private final int size;
    /** The even and the odd epoch last asked for: a batch may span two, which its slices then ask for in turn. */
    private final int[] epochs = {-1, -1};

    private final int[][] orders = new int[2][];

    TrainOrder(Noise noise, int size) {
        this.noise = noise;
        this.size = size;
    }

    /** The image at a place, counted from the start of the run; places are asked for in about rising order. */
    synchronized int at(long place) {
        int wanted = Math.toIntExact(place / size);
        int slot = wanted & 1;
        if (wanted != epochs[slot]) {
            orders[slot] = noise.permutation(wanted, size);
            epochs[slot] = wanted;
        }
        return orders[slot][(int) (place % size)];
    }
}
