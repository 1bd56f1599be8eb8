package ddpm.image;

/**
 * How images stand in a grid: row by row, with the same gap between them and around them all. Places that the last row
 * leaves empty show the background.
 *
 * @param columns images per row, at least 1
 * @param padding gap in pixels, at least 0
 * @param background level of the gaps, 0 (black) to 255 (white); where images have alpha, gaps are transparent
 */
public record GridLayout(int columns, int padding, int background) {
    /** Checks the ranges. */
    public GridLayout {
        if (columns < 1) {
            throw new IllegalArgumentException("a grid has at least 1 column, not " + columns);
        }
        if (padding < 0) {
            throw new IllegalArgumentException("a grid's padding is at least 0 pixels, not " + padding);
        }
        if (background < 0 || background > Pixel.WHITE) {
            throw new IllegalArgumentException("a grid's background is a level 0..255, not " + background);
        }
    }

    /** As nearly square as {@code count} images allow, 2 pixels of white between them. */
    public static GridLayout square(int count) {
        return ofColumns((int) Math.ceil(Math.sqrt(Math.max(1, count))));
    }

    /** A given number of columns, 2 pixels of white between images. */
    public static GridLayout ofColumns(int columns) {
        return new GridLayout(columns, 2, Pixel.WHITE);
    }
}
