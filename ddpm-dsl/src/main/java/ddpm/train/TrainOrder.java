package ddpm.train;

import ddpm.diffusion.Noise;

/** Which image stands at which place of the endless sequence of epochs, each a permutation of the whole set. */
final class TrainOrder {
    private final Noise noise;
    private final int size;
    private int epoch = -1;
    private int[] order;

    TrainOrder(Noise noise, int size) {
        this.noise = noise;
        this.size = size;
    }

    /** The image at a place, counted from the start of the run; places are asked for in about rising order. */
    synchronized int at(long place) {
        int wanted = Math.toIntExact(place / size);
        if (wanted != epoch) {
            order = noise.permutation(wanted, size);
            epoch = wanted;
        }
        return order[(int) (place % size)];
    }
}
