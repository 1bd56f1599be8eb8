package ddpm.tests.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Time over size, both axes doubling from line to line: one panel for each thing varied, one curve for each precision. */
final class ScalingChart {
    private static final int WIDTH = 300;
    private static final int HEIGHT = 300;
    private static final int LEFT = 52;
    private static final int TOP = 40;
    private static final int SIDE = 220;
    private static final List<String> COLOURS = List.of("#2458d3", "#c2410c");

    /** @param work what the time would be proportional to */
    private record Point(double size, double work, double milliseconds) {}

    private final Map<String, Map<String, List<Point>>> panels = new LinkedHashMap<>();

    void add(String panel, String curve, double size, double work, double seconds) {
        panels.computeIfAbsent(panel, _ -> new LinkedHashMap<>())
                .computeIfAbsent(curve, _ -> new ArrayList<>())
                .add(new Point(size, work, 1000 * seconds));
    }

    /** The text of an SVG file. */
    String svg() {
        var svg = new StringBuilder();
        append(
                svg,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\""
                        + " font-size=\"12\" fill=\"#1d2129\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
                WIDTH * panels.size(),
                HEIGHT);
        int at = 0;
        for (var panel : panels.entrySet()) {
            append(svg, "<g transform=\"translate(%d 0)\">\n", at);
            draw(svg, panel.getKey(), panel.getValue());
            svg.append("</g>\n");
            at += WIDTH;
        }
        return svg.append("</svg>\n").toString();
    }

    private static void draw(StringBuilder svg, String what, Map<String, List<Point>> curves) {
        var all = curves.values().stream().flatMap(List::stream).toList();
        int low = (int) Math.floor(
                log2(all.stream().mapToDouble(Point::milliseconds).min().orElseThrow()));
        int high = (int) Math.ceil(
                log2(all.stream().mapToDouble(Point::milliseconds).max().orElseThrow()));
        double first = log2(all.getFirst().size());
        double last = Math.max(
                first + 1, log2(all.stream().mapToDouble(Point::size).max().orElseThrow()));
        for (int power = low; power <= high; power++) {
            double y = TOP + SIDE * (double) (high - power) / (high - low);
            append(svg, "<path d=\"M%d %.1fh%d\" stroke=\"#e4e7ec\"/>", LEFT, y, SIDE);
            append(svg, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 6, y + 4, ticked(power));
        }
        for (double power = first; power <= last; power++) {
            double x = LEFT + SIDE * (power - first) / (last - first);
            append(svg, "<path d=\"M%.1f %dv%d\" stroke=\"#e4e7ec\"/>", x, TOP, SIDE);
            append(
                    svg,
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n",
                    x,
                    TOP + SIDE + 16,
                    Math.pow(2, power));
        }
        append(
                svg,
                "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n<text x=\"%d\" y=\"16\">ms per step</text>\n",
                LEFT + SIDE / 2,
                HEIGHT - 6,
                what,
                LEFT);
        int colour = 0;
        for (var curve : curves.entrySet()) {
            var line = COLOURS.get(colour);
            append(svg, "<text x=\"%d\" y=\"32\" fill=\"%s\">%s</text>\n", LEFT + 90 * colour++, line, curve.getKey());
            var measured = new StringBuilder();
            var linear = new StringBuilder();
            var largest = curve.getValue().getLast();
            for (var point : curve.getValue()) {
                double x = LEFT + SIDE * (log2(point.size()) - first) / (last - first);
                double proportional = largest.milliseconds() * point.work() / largest.work();
                append(measured, "%s%.1f %.1f", measured.isEmpty() ? "M" : "L", x, y(point.milliseconds(), low, high));
                if (proportional >= Math.pow(2, low) && proportional <= Math.pow(2, high)) {
                    append(linear, "%s%.1f %.1f", linear.isEmpty() ? "M" : "L", x, y(proportional, low, high));
                }
            }
            append(svg, "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", measured, line);
            append(svg, "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-dasharray=\"3 4\"/>\n", linear, line);
        }
    }

    private static String ticked(int power) {
        return power < 0 ? "1/" + (1 << -power) : Integer.toString(1 << power);
    }

    private static double y(double milliseconds, int low, int high) {
        return TOP + SIDE * (high - log2(milliseconds)) / (high - low);
    }

    private static double log2(double value) {
        return Math.log(value) / Math.log(2);
    }

    private static void append(StringBuilder svg, String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values));
    }
}
