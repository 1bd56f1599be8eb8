package ddpm.eval;

import java.util.Arrays;
import java.util.List;

/**
 * The variational bound of a set of images (Ho et al. 2020, section 4.3), in bits per dimension.
 *
 * @param images how many were measured
 * @param total mean of the whole bound
 * @param standardError of {@code total}, from the spread of images; NaN below two images
 * @param prior mean of KL(q(x_T | x_0) || N(0, I))
 * @param terms mean of L_t by t, the decoder's -log p(x_0 | x_1) at 0
 * @param squaredErrors mean of (x_0 - x0hat)^2 by t, in the model's range [-1, 1]
 * @param timesteps the model's timestep by t: t itself, unless the chain is respaced
 */
public record BitsPerDim(
        int images,
        double total,
        double standardError,
        double prior,
        List<Double> terms,
        List<Double> squaredErrors,
        List<Integer> timesteps) {

    /**
     * One point of progressive coding (section 4.3, Table 4 and Fig. 5): what a receiver has after the steps from T down to t.
     *
     * @param timestep of the model
     * @param rate bits per dimension sent so far: the prior and all L_s, s &gt; t
     * @param distortion root mean squared error of x0hat at t, on the scale 0..255
     */
    public record Point(int timestep, double rate, double distortion) {}

    public BitsPerDim {
        terms = List.copyOf(terms);
        squaredErrors = List.copyOf(squaredErrors);
        timesteps = List.copyOf(timesteps);
    }

    /** The decoder's share, L_0: "distortion" in the paper's split of the lossless codelength. */
    public double decoder() {
        return terms.getFirst();
    }

    /** All that is not the decoder's: "rate" in the paper's split. */
    public double rate() {
        return total - decoder();
    }

    /** The rate-distortion curve, from t = T - 1 down to 0. */
    public List<Point> curve() {
        var points = new Point[terms.size()];
        double rate = prior;
        for (int t = points.length - 1; t >= 0; t--) {
            points[points.length - 1 - t] = new Point(timesteps.get(t), rate, 127.5 * Math.sqrt(squaredErrors.get(t)));
            rate += terms.get(t);
        }
        return List.copyOf(Arrays.asList(points));
    }
}
