package ddpm.eval;

/** {@link EpsilonMse} by quarter of the chain as a bar chart, an SVG picture of a few hundred bytes. */
public final class QuartileChart {
    private static final int WIDTH = 480;
    private static final int HEIGHT = 300;
    private static final int LEFT = 24;
    private static final int TOP = 48;
    private static final int BOTTOM = 40;
    private static final int GAP = 24;

    private QuartileChart() {}

    /** Bars with their standard errors; the text of an SVG file. */
    public static String svg(EpsilonMse result) {
        var svg = new Svg(WIDTH, HEIGHT);
        svg.add(
                "<text x=\"%d\" y=\"26\" fill=\"#1d2129\">epsilon MSE %.5g (standard error %.2g), %d images</text>\n",
                LEFT, result.mse(), result.standardError(), result.images());
        double highest = result.quartiles().stream()
                .mapToDouble(q -> known(q.mse()) + known(q.standardError()))
                .max()
                .orElse(1);
        int bars = result.quartiles().size();
        double width = (double) (WIDTH - 2 * LEFT - (bars - 1) * GAP) / bars;
        int room = HEIGHT - TOP - BOTTOM - 18; // for the number above the highest
        for (int i = 0; i < bars; i++) {
            var q = result.quartiles().get(i);
            double x = LEFT + i * (width + GAP);
            double middle = x + width / 2;
            double floor = HEIGHT - BOTTOM;
            double scale = highest > 0 ? room / highest : 0;
            double tall = known(q.mse()) * scale;
            double error = known(q.standardError()) * scale;
            svg.add(
                    "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#2458d3\" rx=\"3\"/>\n",
                    x, floor - tall, width, tall);
            svg.add(
                    "<path d=\"M%.1f %.1fV%.1f\" stroke=\"#1d2129\"/>\n",
                    middle, floor - tall - error, floor - tall + error);
            svg.add(
                    "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" fill=\"#1d2129\">%s</text>\n",
                    middle, floor - tall - error - 6, q.images() == 0 ? "no images" : Svg.format("%.3g", q.mse()));
            svg.add(
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#68707d\">t %d..%d</text>\n",
                    middle, HEIGHT - BOTTOM + 20, q.fromT(), q.toT());
        }
        return svg.toString();
    }

    private static double known(double value) {
        return Double.isFinite(value) ? value : 0;
    }
}
