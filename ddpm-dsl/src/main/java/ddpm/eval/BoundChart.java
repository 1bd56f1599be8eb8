package ddpm.eval;

import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** The terms of {@link BitsPerDim} by step, both axes logarithmic, as an SVG picture: where the bits are. */
public final class BoundChart {
    /** Terms below this are drawn at it: they are rounding. */
    private static final double LEAST = 1e-9;

    private BoundChart() {}

    /** L_t over t + 1, which the paper counts as t, with its standard error as a band; the text of an SVG file. */
    public static String svg(BitsPerDim result) {
        var svg = new Svg(Plot.WIDTH, Plot.HEIGHT);
        var plot = new Plot(svg, 0, "step of the chain, from 1, the decoder's", "bits/dim");
        plot.title(Svg.format(
                "%.4f bits/dim (standard error %.2g), %d images",
                result.total().mean(), result.total().standardError(), result.images()));
        var logs = result.terms().stream().mapToDouble(term -> log(term.mean())).toArray();
        int lowest = (int) Math.floor(DoubleStream.of(logs).min().orElse(0));
        int highest =
                Math.max(lowest + 1, (int) Math.ceil(DoubleStream.of(logs).max().orElse(0)));
        for (int power = lowest; power <= highest; power++) {
            plot.yTick((double) (power - lowest) / (highest - lowest), "1e" + power);
        }
        double decades = Math.log10(Math.max(10, result.timesteps().getLast() + 1));
        for (int power = 0; power <= decades; power++) {
            plot.xTick(power / decades, Long.toString(Math.round(Math.pow(10, power))));
        }
        var xs = result.timesteps().stream()
                .mapToDouble(t -> Math.log10(t + 1) / decades)
                .toArray();
        int n = xs.length;
        if (result.images() > 1) {
            // Forward along the upper edge, back along the lower.
            plot.area(
                    IntStream.range(0, 2 * n)
                            .mapToDouble(i -> xs[i < n ? i : 2 * n - 1 - i])
                            .toArray(),
                    IntStream.range(0, 2 * n)
                            .mapToDouble(i -> {
                                var term = result.terms().get(i < n ? i : 2 * n - 1 - i);
                                double edge = log(term.mean() + (i < n ? 1 : -1) * term.standardError());
                                return Math.clamp((edge - lowest) / (highest - lowest), 0, 1);
                            })
                            .toArray());
        }
        plot.line(
                xs,
                DoubleStream.of(logs)
                        .map(log -> (log - lowest) / (highest - lowest))
                        .toArray());
        return svg.toString();
    }

    private static double log(double bits) {
        return Math.log10(Math.max(LEAST, bits));
    }
}
