package ddpm.data.format;

import java.util.Optional;

/**
 * How a camera was held: the EXIF tag 0x0112, whose values 1 to 8 say which corner of the picture the first stored row
 * and column are (TIFF 6.0, section 8). Constants are in the order of the tag's values.
 */
public enum Orientation {
    UPRIGHT(false, false, false),
    MIRRORED(false, false, true),
    UPSIDE_DOWN(false, true, true),
    UPSIDE_DOWN_MIRRORED(false, true, false),
    TRANSPOSED(true, false, false),
    TURN_RIGHT(true, false, true),
    TRANSVERSED(true, true, true),
    TURN_LEFT(true, true, false);

    /** The picture's rows are the file's columns. */
    private final boolean transposed;
    /** After transposing, rows run from the bottom. */
    private final boolean bottomUp;
    /** After transposing, columns run from the right. */
    private final boolean rightToLeft;

    Orientation(boolean transposed, boolean bottomUp, boolean rightToLeft) {
        this.transposed = transposed;
        this.bottomUp = bottomUp;
        this.rightToLeft = rightToLeft;
    }

    /**
     * Reads the tag from the TIFF block that EXIF keeps in {@code [start, end)}.
     *
     * @return empty if the block is damaged; {@link #UPRIGHT} if it is sound and says nothing
     */
    static Optional<Orientation> ofExif(byte[] bytes, int start, int end) {
        return TiffDirectory.in(bytes, start, end)
                .flatMap(directory -> directory
                        .value(TiffDirectory.ORIENTATION)
                        .map(Orientation::of)
                        .orElse(Optional.of(UPRIGHT)));
    }

    /** By the tag's value, 1 to 8; empty for another. */
    static Optional<Orientation> of(long value) {
        return value >= 1 && value <= 8 ? Optional.of(values()[(int) value - 1]) : Optional.empty();
    }

    /** Whether the picture is as wide as it is stored high. */
    public boolean isTransposed() {
        return transposed;
    }

    /** The picture as it was seen, from its planes {@code [channels, height, width]} as they are stored. */
    public byte[] upright(byte[] stored, int channels, int height, int width) {
        if (this == UPRIGHT) {
            return stored;
        }
        int rows = transposed ? width : height;
        int columns = transposed ? height : width;
        byte[] upright = new byte[stored.length];
        int at = 0;
        for (int c = 0; c < channels; c++) {
            int plane = c * height * width;
            for (int y = 0; y < rows; y++) {
                int row = bottomUp ? rows - 1 - y : y;
                for (int x = 0; x < columns; x++) {
                    int column = rightToLeft ? columns - 1 - x : x;
                    upright[at++] = stored[plane + (transposed ? column * width + row : row * width + column)];
                }
            }
        }
        return upright;
    }
}
