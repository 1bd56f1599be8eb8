package ddpm.data;

/**
 * The shape in which a model takes its images, in the order of a tensor's axes.
 *
 * @param channels 1 (grey) or 3 (red, green, blue)
 * @param height rows, 1 to 8192
 * @param width columns, 1 to 8192
 */
public record ImageShape(int channels, int height, int width) {
    /** The largest height or width, in pixels. */
    public static final int MAX_SIDE = 8192;

    /** @throws IllegalArgumentException for another number of channels or a side outside 1 to 8192 */
    public ImageShape {
        if (channels != 1 && channels != 3) {
            throw new IllegalArgumentException("images have 1 channel (grey) or 3 (red, green, blue), not " + channels);
        }
        if (height < 1 || height > MAX_SIDE || width < 1 || width > MAX_SIDE) {
            throw new IllegalArgumentException("images are 1 to " + MAX_SIDE + " pixels on each side, not height "
                    + height + " and width " + width);
        }
    }

    /** A square of {@code side} by {@code side} pixels. */
    public static ImageShape square(int channels, int side) {
        return new ImageShape(channels, side, side);
    }

    /** Bytes of one image: {@code channels * height * width}. */
    public int bytes() {
        return channels * height * width;
    }

    /** For example {@code 3x32x32}: channels, height, width. */
    @Override
    public String toString() {
        return channels + "x" + height + "x" + width;
    }
}
