package ddpm.eval;

/** One pair of axes in an {@link Svg}: places on them are given as fractions of their lengths, 0 to 1. */
final class Plot {
    /** Of one plot with its labels, in pixels. */
    static final int WIDTH = 460;

    static final int HEIGHT = 360;

    private static final int LEFT = 60;
    private static final int RIGHT = 20;
    private static final int TOP = 48;
    private static final int BOTTOM = 52;

    private final Svg svg;
    private final int at;

    /**
     * @param at how many pixels from the left of the picture it begins
     * @param x what the horizontal axis shows
     * @param y what the vertical axis shows
     */
    Plot(Svg svg, int at, String x, String y) {
        this.svg = svg;
        this.at = at;
        svg.add(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"#1d2129\">%s</text>\n",
                at + (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x);
        svg.add(
                "<text transform=\"translate(%d %d) rotate(-90)\" text-anchor=\"middle\" fill=\"#1d2129\">%s</text>\n",
                at + 14, (TOP + HEIGHT - BOTTOM) / 2, y);
    }

    /** The line of text above the axes. */
    void title(String text) {
        svg.add("<text x=\"%d\" y=\"26\" fill=\"#1d2129\">%s</text>\n", at + LEFT, text);
    }

    /** A grid line up from the horizontal axis and its label. */
    void xTick(double place, String label) {
        svg.add(
                "<path d=\"M%.1f %dV%d\" stroke=\"#e4e7ec\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\""
                        + " fill=\"#68707d\">%s</text>\n",
                x(place), TOP, HEIGHT - BOTTOM, x(place), HEIGHT - BOTTOM + 18, label);
    }

    /** A grid line along from the vertical axis and its label. */
    void yTick(double place, String label) {
        svg.add(
                "<path d=\"M%d %.1fH%d\" stroke=\"#e4e7ec\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\""
                        + " fill=\"#68707d\">%s</text>\n",
                at + LEFT, y(place), at + WIDTH - RIGHT, at + LEFT - 8, y(place) + 4, label);
    }

    /** A line through points in order. */
    void line(double[] xs, double[] ys) {
        svg.add("<path d=\"%s\" fill=\"none\" stroke=\"#2458d3\" stroke-width=\"2\"/>\n", path(xs, ys));
    }

    /** The area inside points in order. */
    void area(double[] xs, double[] ys) {
        svg.add("<path d=\"%sZ\" fill=\"#2458d3\" fill-opacity=\"0.2\"/>\n", path(xs, ys));
    }

    private String path(double[] xs, double[] ys) {
        var path = new StringBuilder();
        for (int i = 0; i < xs.length; i++) {
            path.append(Svg.format("%s%.1f %.1f", i == 0 ? "M" : "L", x(xs[i]), y(ys[i])));
        }
        return path.toString();
    }

    private double x(double place) {
        return at + LEFT + (WIDTH - LEFT - RIGHT) * place;
    }

    private double y(double place) {
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * place;
    }
}
