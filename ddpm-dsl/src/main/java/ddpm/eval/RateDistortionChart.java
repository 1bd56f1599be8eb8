package ddpm.eval;

/** The rate-distortion curve of {@link BitsPerDim} as an SVG picture: Fig. 5 of Ho et al. 2020, right panel. */
public final class RateDistortionChart {
    private static final int WIDTH = 520;
    private static final int HEIGHT = 360;
    private static final int LEFT = 56;
    private static final int RIGHT = 20;
    private static final int TOP = 48;
    private static final int BOTTOM = 52;
    private static final int TICKS = 5;

    private RateDistortionChart() {}

    /** Distortion (root mean squared error, 0..255) over rate (bits/dim); the text of an SVG file. */
    public static String svg(BitsPerDim result) {
        var curve = result.curve();
        double mostRate =
                curve.stream().mapToDouble(BitsPerDim.Point::rate).max().orElse(1);
        double mostDistortion =
                curve.stream().mapToDouble(BitsPerDim.Point::distortion).max().orElse(1);
        var svg = new Svg(WIDTH, HEIGHT);
        svg.add(
                "<text x=\"%d\" y=\"26\" fill=\"#1d2129\">%.3f bits/dim: rate %.3f + distortion %.3f, %d images</text>\n",
                LEFT, result.total(), result.rate(), result.decoder(), result.images());
        for (int i = 0; i <= TICKS; i++) {
            double rate = mostRate * i / TICKS;
            double distortion = mostDistortion * i / TICKS;
            svg.add(
                    "<path d=\"M%.1f %dV%d\" stroke=\"#e4e7ec\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\""
                            + " fill=\"#68707d\">%.2f</text>\n",
                    x(rate, mostRate), TOP, HEIGHT - BOTTOM, x(rate, mostRate), HEIGHT - BOTTOM + 18, rate);
            svg.add(
                    "<path d=\"M%d %.1fH%d\" stroke=\"#e4e7ec\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\""
                            + " fill=\"#68707d\">%.0f</text>\n",
                    LEFT,
                    y(distortion, mostDistortion),
                    WIDTH - RIGHT,
                    LEFT - 8,
                    y(distortion, mostDistortion) + 4,
                    distortion);
        }
        var path = new StringBuilder();
        for (var point : curve) {
            path.append(Svg.format(
                    "%s%.1f %.1f",
                    path.isEmpty() ? "M" : "L", x(point.rate(), mostRate), y(point.distortion(), mostDistortion)));
        }
        svg.add("<path d=\"%s\" fill=\"none\" stroke=\"#2458d3\" stroke-width=\"2\"/>\n", path);
        svg.add(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"#1d2129\">rate (bits/dim)</text>\n",
                (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12);
        svg.add(
                "<text transform=\"translate(14 %d) rotate(-90)\" text-anchor=\"middle\" fill=\"#1d2129\">distortion"
                        + " (RMSE, 0..255)</text>\n",
                (TOP + HEIGHT - BOTTOM) / 2);
        return svg.toString();
    }

    private static double x(double rate, double most) {
        return LEFT + (WIDTH - LEFT - RIGHT) * (most > 0 ? rate / most : 0);
    }

    private static double y(double distortion, double most) {
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (most > 0 ? distortion / most : 0);
    }
}
