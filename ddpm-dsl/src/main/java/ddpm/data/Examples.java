package ddpm.data;

import java.util.function.BiConsumer;

/**
 * Training examples by number: arrays {@code [C, H, W]} of floats, of any number of channels. An {@link ImageSet} is one kind;
 * latents, measurements or points in the plane ({@code [2, 1, 1]}) are others.
 *
 * <p>Example {@code i} is the same on every call and from every thread; all methods are thread-safe. The order of training
 * is not decided here.
 */
public interface Examples {
    /** Number of examples, at least 1; of a {@linkplain #isStream stream} the largest int. */
    int size();

    /** Channels of every example. */
    int channels();

    /** Rows of every example. */
    int height();

    /** Columns of every example. */
    int width();

    /**
     * Writes example {@code index} as {@code [C, H, W]} floats to {@code target} from {@code offset} on, around 0 and about as
     * large as the noise: images span [-1, 1].
     *
     * @param view a random view of images; sources of other data ignore it
     */
    void read(int index, View view, float[] target, int offset);

    /** A name of example {@code index} for messages. */
    default String name(int index) {
        return "example " + index;
    }

    /** Whether there is any example whose class is known. */
    default boolean hasLabels() {
        return false;
    }

    /**
     * The class of every example.
     *
     * @throws DataException if any example has none; names it, or the file that is missing
     */
    default Labels labels() throws DataException {
        throw new DataException(describe() + ": these examples have no labels");
    }

    /** Whether the examples are numbered without end and taken in order, in the place of epochs in random order. */
    default boolean isStream() {
        return false;
    }

    /** One line for people: kind, number and shape. */
    String describe();

    /**
     * A text that is equal for two sources exactly if they hold the same examples in the same order, so that a resumed run
     * can tell whether it goes on with its own data.
     */
    String fingerprint();

    /**
     * Examples that are computed from their number.
     *
     * <pre>{@code
     * var moons = Examples.of(10_000, 2, 1, 1, "two moons 1", (i, x) -> { x[0] = ...; x[1] = ...; });
     * }</pre>
     *
     * @param size how many
     * @param identity names what is computed, see {@link #fingerprint}
     * @param write writes the example with this number into an array of C H W floats
     */
    static Examples of(
            int size, int channels, int height, int width, String identity, BiConsumer<Integer, float[]> write) {
        return new ComputedExamples(size, channels, height, width, identity, write, false);
    }

    /**
     * A stream of unknown length, whose examples are taken in order: number i by the i-th place of training.
     *
     * @param identity names the stream, see {@link #fingerprint}
     * @param write writes the example with this number; it may be asked for again, by a resumed run
     */
    static Examples stream(int channels, int height, int width, String identity, BiConsumer<Integer, float[]> write) {
        return new ComputedExamples(Integer.MAX_VALUE, channels, height, width, identity, write, true);
    }
}
