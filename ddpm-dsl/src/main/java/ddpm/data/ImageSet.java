package ddpm.data;

import ddpm.image.Pixel;

/**
 * An indexed set of images of one shape, as unsigned bytes.
 *
 * <p>Image {@code i} is the same on every call and from every thread; all methods are thread-safe. The order of
 * training is not decided here.
 */
public interface ImageSet extends Examples {
    /** Number of images, at least 1. */
    @Override
    int size();

    /** The shape of every image. */
    ImageShape shape();

    /** Channels of every image: 1 (grey) or 3 (red, green, blue). */
    @Override
    default int channels() {
        return shape().channels();
    }

    /** Rows of every image. */
    @Override
    default int height() {
        return shape().height();
    }

    /** Columns of every image. */
    @Override
    default int width() {
        return shape().width();
    }

    /**
     * Writes image {@code index} as [C, H, W] unsigned bytes to {@code target} from {@code offset} on.
     *
     * @throws IndexOutOfBoundsException if there is no such image or no room for {@code shape().bytes()} bytes
     * @throws java.io.UncheckedIOException if the image has to be read from disk and cannot be; names the file
     */
    void read(int index, byte[] target, int offset);

    /**
     * As {@link #read(int, byte[], int)}, seen through {@code view}: mirrored if it says so, and cropped where it says
     * if the set keeps more of its images than {@link #shape()} shows (the crop fractions change nothing otherwise).
     */
    default void read(int index, View view, byte[] target, int offset) {
        read(index, target, offset);
        if (view.flip()) {
            Pixels.flip(target, offset, channels() * height(), width());
        }
    }

    @Override
    default void read(int index, View view, float[] target, int offset) {
        var bytes = new byte[shape().bytes()];
        read(index, view, bytes, 0);
        Pixel.values(bytes, 0, target, offset, bytes.length);
    }

    /** A name of image {@code index} for messages: its file, or for example {@code mnist train #17}. */
    @Override
    String name(int index);

    @Override
    default Labels labels() throws DataException {
        throw new DataException(describe() + ": these images have no labels");
    }

    /** One line for people: what this is, how many images, of which shape. */
    @Override
    String describe();

    /**
     * 32 hexadecimal digits that are equal for two sets exactly if they hold the same images in the same order and
     * shape (up to a collision of a 128-bit hash); the same on every machine and wherever the files lie.
     */
    @Override
    String fingerprint();
}
