package ddpm.eval;

import java.util.Arrays;

/**
 * A mean over images, and how sure it is.
 *
 * @param mean NaN of no values
 * @param standardError of the mean, from the spread of the values; NaN below two
 */
public record Estimate(double mean, double standardError) {
    /** Of one value per image. */
    static Estimate of(double[] values) {
        int n = values.length;
        double mean = Arrays.stream(values).average().orElse(Double.NaN);
        double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
        return new Estimate(mean, n < 2 ? Double.NaN : Math.sqrt(squares / (n - 1) / n));
    }
}
