package ddpm.diffusion;

import ddpm.torch.DType;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;

/**
 * The decoder p(x_0 | x_1) of Ho et al. 2020 (eq. 13): the mass that a Gaussian puts on one of 256 grey levels, with the
 * two outer levels reaching to infinity.
 *
 * <p>The normal distribution function is the paper's code's approximation, {@code 0.5 (1 + tanh(sqrt(2 / pi) (x + 0.044715
 * x^3)))}, and masses below 1e-12 count as that, so that published figures can be met to the last digit.
 */
public final class DiscretizedGaussian {
    private static final double HALF_LEVEL = 1.0 / 255;

    /** Beyond it, on either side, is one of the outer levels. */
    private static final double EDGE = 0.999;

    private static final double LEAST = 1e-12;
    private static final double SLOPE = Math.sqrt(2 / Math.PI);
    private static final double CUBIC = 0.044715;

    /** Takes the outer 0.001 of the range to where no mass is left. */
    private static final double FAR = 1e7;

    private DiscretizedGaussian() {}

    /**
     * @param x a pixel in [-1, 1]
     * @return ln of the probability of its level under N(mean, exp(logScale)^2)
     */
    public static double logProbability(double x, double mean, double logScale) {
        double inverse = Math.exp(-logScale);
        double upTo = distribution((x - mean + HALF_LEVEL) * inverse);
        double below = distribution((x - mean - HALF_LEVEL) * inverse);
        double mass = x < -EDGE ? upTo : x > EDGE ? 1 - below : upTo - below;
        return Math.log(Math.max(mass, LEAST));
    }

    private static double distribution(double x) {
        return 0.5 * (1 + Math.tanh(SLOPE * (x + CUBIC * x * x * x)));
    }

    /**
     * The log probabilities as a tensor, differentiable in mean and scale, where the mass is not below the least. It is computed in float64, for
     * masses are differences of numbers near 1.
     *
     * @param x pixels in [-1, 1], each of one of the 256 levels
     * @param mean like x
     * @param logScale like x, or broadcast to it
     * @return like x, float64
     */
    static Tensor logProbability(Tensor x, Tensor mean, Tensor logScale) {
        var pixels = x.to(DType.FLOAT64);
        var distance = pixels.sub(mean.to(DType.FLOAT64));
        var inverse = Ops.exp(logScale.to(DType.FLOAT64).neg());
        // How far an outer level reaches beyond its half; 0 for all others.
        var above = Ops.relu(pixels.add(-EDGE)).mul(FAR);
        var below = Ops.relu(pixels.neg().add(-EDGE)).mul(FAR);
        var upTo = distribution(distance.add(HALF_LEVEL).add(above).mul(inverse));
        var downTo = distribution(distance.add(-HALF_LEVEL).sub(below).mul(inverse));
        return Ops.log(Ops.clamp(upTo.sub(downTo), LEAST, 1));
    }

    private static Tensor distribution(Tensor x) {
        var cube = x.mul(x).mul(x);
        return Ops.tanh(x.add(cube.mul(CUBIC)).mul(SLOPE)).add(1).mul(0.5);
    }
}
