package ddpm.eval;

/**
 * The decoder p(x_0 | x_1) of Ho et al. 2020 (eq. 13): the mass that a Gaussian puts on one of 256 grey levels, with the
 * two outer levels reaching to infinity.
 *
 * <p>The normal distribution function is the paper's code's approximation, {@code 0.5 (1 + tanh(sqrt(2 / pi) (x + 0.044715
 * x^3)))}, and masses below 1e-12 count as that, so that published figures can be met to the last digit.
 */
final class DiscretizedGaussian {
    private static final double HALF_LEVEL = 1.0 / 255;
    private static final double EDGE = 0.999;
    private static final double LEAST = 1e-12;

    private DiscretizedGaussian() {}

    /**
     * @param x a pixel in [-1, 1]
     * @return ln of the probability of its level under N(mean, exp(logScale)^2)
     */
    static double logProbability(double x, double mean, double logScale) {
        double inverse = Math.exp(-logScale);
        double upTo = distribution((x - mean + HALF_LEVEL) * inverse);
        double below = distribution((x - mean - HALF_LEVEL) * inverse);
        double mass = x < -EDGE ? upTo : x > EDGE ? 1 - below : upTo - below;
        return Math.log(Math.max(mass, LEAST));
    }

    private static double distribution(double x) {
        return 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }
}
