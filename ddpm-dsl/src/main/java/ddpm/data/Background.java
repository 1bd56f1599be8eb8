package ddpm.data;

/**
 * The colour that shows through transparent pixels.
 *
 * @param red 0 to 255
 * @param green 0 to 255
 * @param blue 0 to 255
 */
public record Background(int red, int green, int blue) {
    /** The paper most viewers and web pages put behind an image. */
    public static final Background WHITE = new Background(255, 255, 255);

    public static final Background BLACK = new Background(0, 0, 0);

    /** @throws IllegalArgumentException for a component outside 0 to 255 */
    public Background {
        if ((red | green | blue) < 0 || red > 255 || green > 255 || blue > 255) {
            throw new IllegalArgumentException(
                    "colour components are 0 to 255, not (" + red + ", " + green + ", " + blue + ")");
        }
    }

    boolean isGrey() {
        return red == green && green == blue;
    }
}
