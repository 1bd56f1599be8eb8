package ddpm.image;

import java.util.Objects;

/**
 * One colour sample, as a level 0..255 of a file and as a model's number in [-1, 1]: value = level / 127.5 - 1, so 0 is
 * exactly -1 and 255 exactly 1.
 */
public final class Pixel {
    /** The highest level. */
    public static final int WHITE = 255;

    private Pixel() {}

    /**
     * The model's number of a level.
     *
     * @throws IllegalArgumentException unless 0 &lt;= level &lt;= 255
     */
    public static float value(int level) {
        if (level < 0 || level > WHITE) {
            throw new IllegalArgumentException("a level is 0..255, not " + level);
        }
        return level / 127.5f - 1; // 127.5 is a float and both ends are exact
    }

    /** {@link #value} of {@code count} levels, each an unsigned byte. */
    public static void values(byte[] levels, int from, float[] target, int to, int count) {
        Objects.checkFromIndexSize(from, count, levels.length);
        Objects.checkFromIndexSize(to, count, target.length);
        for (int i = 0; i < count; i++) {
            target[to + i] = value(levels[from + i] & WHITE);
        }
    }

    /**
     * The level of a model's number: clipped to [-1, 1], then (x + 1)/2 * 255 rounded to nearest, halves up.
     *
     * <p>Nearest, because cutting off darkens every image by half a level on average and takes some levels, written and
     * read again, one down. {@code level(value(k)) == k} for all k. The range is fixed: stretching each image to its own
     * extremes would show contrasts that the model did not make.
     *
     * @throws IllegalArgumentException for NaN and the infinities, which are a model's failure and no colour
     */
    public static int level(float value) {
        if (!Float.isFinite(value)) {
            throw new IllegalArgumentException("a pixel is a finite number, not " + value);
        }
        return (int) (Math.clamp((value + 1.0) / 2 * WHITE, 0.0, WHITE) + 0.5);
    }
}
