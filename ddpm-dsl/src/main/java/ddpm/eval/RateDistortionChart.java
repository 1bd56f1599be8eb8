package ddpm.eval;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Progressive coding as an SVG picture, the three panels of Fig. 5 of Ho et al. 2020: distortion over time, rate over time,
 * distortion over rate.
 */
public final class RateDistortionChart {
    private static final int TICKS = 5;
    private static final String RATE = "rate (bits/dim)";
    private static final String DISTORTION = "distortion (RMSE, 0..255)";

    /** Values along an axis that begins at 0 and ends at the largest. */
    private record Axis(String label, String format, double[] values) {
        private double end() {
            double most = Arrays.stream(values).max().orElse(0);
            return most > 0 ? most : 1;
        }

        String tick(double place) {
            return Svg.format(format, end() * place);
        }

        double[] places() {
            double end = end();
            return Arrays.stream(values).map(value -> value / end).toArray();
        }
    }

    private RateDistortionChart() {}

    /** The text of an SVG file. */
    public static String svg(BitsPerDim result) {
        var svg = new Svg(3 * Plot.WIDTH, Plot.HEIGHT);
        var curve = result.curve();
        var time = IntStream.rangeClosed(1, curve.size()).asDoubleStream().toArray();
        var rate = curve.stream().mapToDouble(BitsPerDim.Point::rate).toArray();
        var distortion =
                curve.stream().mapToDouble(BitsPerDim.Point::distortion).toArray();
        var first =
                panel(svg, 0, new Axis("reverse steps done", "%.0f", time), new Axis(DISTORTION, "%.0f", distortion));
        first.title(Svg.format(
                "%.3f bits/dim: rate %.3f + distortion %.3f, %d images",
                result.total().mean(), result.rate(), result.decoder().mean(), result.images()));
        panel(svg, Plot.WIDTH, new Axis("reverse steps done", "%.0f", time), new Axis(RATE, "%.2f", rate));
        panel(svg, 2 * Plot.WIDTH, new Axis(RATE, "%.2f", rate), new Axis(DISTORTION, "%.0f", distortion));
        return svg.toString();
    }

    private static Plot panel(Svg svg, int at, Axis x, Axis y) {
        var plot = new Plot(svg, at, x.label(), y.label());
        for (int i = 0; i <= TICKS; i++) {
            double place = (double) i / TICKS;
            plot.xTick(place, x.tick(place));
            plot.yTick(place, y.tick(place));
        }
        plot.line(x.places(), y.places());
        return plot;
    }
}
