package ddpm.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * How a camera was held: the EXIF tag 0x0112, whose values 1 to 8 say which corner of the picture the first stored row
 * and column are (TIFF 6.0, section 8). Constants are in the order of the tag's values.
 */
enum Orientation {
    UPRIGHT(false, false, false),
    MIRRORED(false, false, true),
    UPSIDE_DOWN(false, true, true),
    UPSIDE_DOWN_MIRRORED(false, true, false),
    TRANSPOSED(true, false, false),
    TURN_RIGHT(true, false, true),
    TRANSVERSED(true, true, true),
    TURN_LEFT(true, true, false);

    private static final int TAG = 0x0112;
    private static final int UNSIGNED_SHORT = 3;

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
     * Reads the tag from the TIFF block that EXIF keeps in {@code [start, end)}. Viewers show a picture with damaged or
     * absent EXIF as it is stored, so those are {@link #UPRIGHT} rather than errors.
     */
    static Orientation ofExif(byte[] bytes, int start, int end) {
        if (end - start < 8) {
            return UPRIGHT;
        }
        ByteBuffer tiff = ByteBuffer.wrap(bytes, start, end - start).slice();
        switch (tiff.getShort(0)) {
            case 0x4949 -> tiff.order(ByteOrder.LITTLE_ENDIAN);
            case 0x4d4d -> tiff.order(ByteOrder.BIG_ENDIAN);
            default -> {
                return UPRIGHT;
            }
        }
        long directory = Integer.toUnsignedLong(tiff.getInt(4));
        if (tiff.getShort(2) != 42 || directory > tiff.limit() - 2) {
            return UPRIGHT;
        }
        int at = (int) directory;
        int entries = Math.min(Short.toUnsignedInt(tiff.getShort(at)), (tiff.limit() - at - 2) / 12);
        for (int i = 0; i < entries; i++) {
            int entry = at + 2 + 12 * i;
            if (Short.toUnsignedInt(tiff.getShort(entry)) == TAG && tiff.getShort(entry + 2) == UNSIGNED_SHORT) {
                int value = Short.toUnsignedInt(tiff.getShort(entry + 8));
                return value >= 1 && value <= 8 ? values()[value - 1] : UPRIGHT;
            }
        }
        return UPRIGHT;
    }

    /** The picture as it was seen, from the picture as it is stored. */
    Pixels upright(Pixels stored) {
        if (this == UPRIGHT) {
            return stored;
        }
        int height = transposed ? stored.width() : stored.height();
        int width = transposed ? stored.height() : stored.width();
        byte[] upright = new byte[stored.data().length];
        int at = 0;
        for (int c = 0; c < stored.channels(); c++) {
            int plane = c * height * width;
            for (int y = 0; y < height; y++) {
                int row = bottomUp ? height - 1 - y : y;
                for (int x = 0; x < width; x++) {
                    int column = rightToLeft ? width - 1 - x : x;
                    int from = transposed ? column * stored.width() + row : row * stored.width() + column;
                    upright[at++] = stored.data()[plane + from];
                }
            }
        }
        return new Pixels(stored.channels(), height, width, upright);
    }
}
