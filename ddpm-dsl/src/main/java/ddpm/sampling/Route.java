package ddpm.sampling;

/**
 * The steps of a chain that are walked, by their indices: down from noise to images, or up from images to noise.
 *
 * @param first index of the first step
 * @param steps how many, 0 or more
 * @param direction -1 down, 1 up
 */
record Route(int first, int steps, int direction) {
    /** Steps {@code first, first - 1, .., last}; none if last is first + 1. */
    static Route down(int first, int last) {
        return new Route(first, first - last + 1, -1);
    }

    /** Steps {@code 0, 1, .., steps - 1}. */
    static Route up(int steps) {
        return new Route(0, steps, 1);
    }

    /** The index of the k-th step, k from 0. */
    int index(int k) {
        return first + direction * k;
    }

    /**
     * The index at which the model is asked in the step at this index: where the step begins. There is nothing below 0, so
     * the first step up asks there as well.
     */
    int asked(int index) {
        return direction < 0 ? index : Math.max(0, index - 1);
    }

    /** Whether the walk ends at the image. */
    boolean endsAtImage() {
        return direction < 0 && first - steps + 1 == 0;
    }
}
