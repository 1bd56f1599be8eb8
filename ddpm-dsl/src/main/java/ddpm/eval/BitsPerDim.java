package ddpm.eval;

import java.util.Arrays;
import java.util.List;

/**
 * The variational bound of a set of images (Ho et al. 2020, section 4.3), in bits per dimension.
 *
 * @param images how many were measured
 * @param total the whole bound
 * @param prior KL(q(x_T | x_0) || N(0, I))
 * @param terms L_t by t, the decoder's -log p(x_0 | x_1) at 0
 * @param quarters the L_t, t &gt; 0, added up by quarter of the chain, from the least noisy to the noisiest
 * @param squaredErrors mean of (x_0 - x0hat)^2 by t, in the model's range [-1, 1]
 * @param timesteps the model's timestep by t: t itself, unless the chain is respaced
 */
public record BitsPerDim(
        int images,
        Estimate total,
        Estimate prior,
        List<Estimate> terms,
        List<Quarter> quarters,
        List<Double> squaredErrors,
        List<Integer> timesteps) {

    /**
     * A quarter of the chain without the decoder's step; of chains below five steps some quarters are not there.
     *
     * @param fromT first timestep of the model
     * @param toT last timestep of the model
     * @param bits the sum of their terms
     */
    public record Quarter(int fromT, int toT, Estimate bits) {}

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
        quarters = List.copyOf(quarters);
        squaredErrors = List.copyOf(squaredErrors);
        timesteps = List.copyOf(timesteps);
    }

    /** The decoder's share, L_0: "distortion" in the paper's split of the lossless codelength. */
    public Estimate decoder() {
        return terms.getFirst();
    }

    /** All that is not the decoder's: "rate" in the paper's split. */
    public double rate() {
        return total.mean() - decoder().mean();
    }

    /** The rate-distortion curve, from t = T - 1 down to 0. */
    public List<Point> curve() {
        var points = new Point[terms.size()];
        double rate = prior.mean();
        for (int t = points.length - 1; t >= 0; t--) {
            points[points.length - 1 - t] = new Point(timesteps.get(t), rate, 127.5 * Math.sqrt(squaredErrors.get(t)));
            rate += terms.get(t).mean();
        }
        return List.copyOf(Arrays.asList(points));
    }
}
