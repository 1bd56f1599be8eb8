package ddpm.eval;

import java.util.Locale;

/** The text of an SVG picture as it grows; numbers in it have points, whatever the locale. */
final class Svg {
    private final StringBuilder text = new StringBuilder();

    /** A white sheet. */
    Svg(int width, int height) {
        add(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
                        + " font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%%\" height=\"100%%\""
                        + " fill=\"#fff\"/>\n",
                width, height, width, height);
    }

    Svg add(String format, Object... values) {
        text.append(format(format, values));
        return this;
    }

    static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    /** The whole picture. */
    @Override
    public String toString() {
        return text + "</svg>\n";
    }
}
