package ddpm.image;

/**
 * How large a picture of many images will be, known before the first is drawn.
 *
 * @param width in pixels, enlarged
 * @param height in pixels, enlarged
 * @param scale how far each pixel is enlarged
 */
public record GridSize(long width, long height, int scale) {
    /** Some 100 MB as RGB, and what every viewer opens; pictures are held in memory before they are written. */
    static final long MOST_PIXELS = 25_000_000;

    /** The size that small pictures grow to unless a scale is given. */
    private static final int SCREEN = 512;

    /**
     * @param scale as asked for, or null for what brings the longer side to about {@value #SCREEN} pixels
     */
    public static GridSize of(GridLayout layout, long images, int height, int width, Integer scale) {
        long columns = layout.columns();
        long wide = columns * (width + layout.padding()) + layout.padding();
        long high = Math.ceilDiv(images, columns) * (height + layout.padding()) + layout.padding();
        int factor = scale != null ? scale : (int) Math.max(1, Math.ceilDiv(SCREEN, Math.max(wide, high)));
        return new GridSize(wide * factor, high * factor, factor);
    }

    /**
     * @param copies how many such pictures are held at once
     * @param remedy what to do instead
     * @throws IllegalArgumentException if they would have more pixels than {@link #MOST_PIXELS}
     */
    public void requireModest(String what, int copies, String remedy) {
        if (Math.multiplyHigh(width, height) != 0 || width * height > MOST_PIXELS / copies || width * height < 0) {
            throw new IllegalArgumentException(what + " would be " + (copies > 1 ? copies + " pictures of " : "")
                    + width + " x " + height + " pixels, and at most " + MOST_PIXELS + " in all are made; " + remedy);
        }
    }
}
