package ddpm.sampling;

import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Table;
import ddpm.diffusion.Variance;

/**
 * The coefficients of one reverse step, by t. Ancestral sampling, DDIM and DPM-Solver++, for every {@link Prediction},
 * are the same three lines with different numbers, free of branches on t:
 *
 * <pre>{@code
 * x0     = x0FromX[t] * x - x0FromOutput[t] * output;   // then clipped to [-1, 1], if at all
 * mean   = meanFromX0[t] * x0 + meanFromX[t] * x;      // DPM-Solver++: + meanFromLastX0[t] * the x0 of the step before
 * x_prev = mean + sigma[t] * z;                         // sigma[0] = 0: nothing is added to the last step
 * }</pre>
 *
 * A learned variance has sigma[t] * exp(logSigmaFromOutput[t] * v) in its place, v being the second half of the model's
 * channels.
 *
 * Clipping belongs between the first line and the second. Without clipping the first two lines are one, {@code mean =
 * unclippedFromX[t] * x - unclippedFromOutput[t] * output}; for an epsilon model this is eq. 11 of Ho et al. 2020, 1 /
 * sqrt(alpha) * (x - beta / sqrt(1 - alphasCumprod) * epsilon).
 *
 * <p>In DDIM's step epsilon is taken from the x0 of the first line, so that a clipped x0 and its epsilon still add up
 * to x_t.
 *
 * @param x0FromX a_t, the factor of x_t in x0
 * @param x0FromOutput b_t, the factor of the model's output that is taken off
 * @param meanFromX0 the factor of x0 in the mean of x_{t-1}
 * @param meanFromX the factor of x_t in the mean of x_{t-1}
 * @param meanFromLastX0 the factor of the estimate of x0 of the step before, in solvers that look back; null in others
 * @param sigma standard deviation of the noise added to the mean; 0 at t = 0
 * @param logSigmaFromOutput what an output v of a learned variance adds to ln sigma, per unit of v; null where the variance
 *     is fixed
 */
public record ReverseTable(
        Table x0FromX,
        Table x0FromOutput,
        Table meanFromX0,
        Table meanFromX,
        Table meanFromLastX0,
        Table sigma,
        Table logSigmaFromOutput) {
    /** All tables speak of the same steps. */
    public ReverseTable {
        int steps = x0FromX.size();
        for (var table : new Table[] {x0FromOutput, meanFromX0, meanFromX, meanFromLastX0, sigma, logSigmaFromOutput}) {
            if (table != null && table.size() != steps) {
                throw new IllegalArgumentException(
                        "the tables of one step have one length: " + table.size() + " beside " + steps);
            }
        }
    }

    /** The ancestral sampler of Ho et al. 2020, algorithm 2, through the posterior of eq. 7. */
    public static ReverseTable ancestral(Diffusion diffusion, Prediction prediction, Variance variance) {
        var sigmaSquared = diffusion.variance(variance);
        var spread = diffusion.logVarianceSpread(variance);
        return new ReverseTable(
                prediction.x0FromX(diffusion),
                prediction.x0FromOutput(diffusion),
                diffusion.posteriorMeanCoef1(),
                diffusion.posteriorMeanCoef2(),
                null,
                Table.of(diffusion.steps(), t -> t == 0 ? 0 : Math.sqrt(sigmaSquared.at(t))),
                variance.isLearned() ? Table.of(diffusion.steps(), t -> 0.5 * spread.at(t)) : null);
    }

    /**
     * DDIM (Song et al. 2021, eq. 12 and 16), with epsilon = (x - sqrt(alphasCumprod) x0) / sqrt(1 - alphasCumprod):
     *
     * <pre>{@code x_prev = sqrt(alphasCumprodPrev) * x0 + sqrt(1 - alphasCumprodPrev - sigma^2) * epsilon + sigma * z}</pre>
     *
     * @param eta 0 is deterministic, 1 has the variance FIXED_SMALL; 0..1
     * @throws IllegalArgumentException for another eta: above 1 the square root may be of a negative number
     */
    public static ReverseTable ddim(Diffusion diffusion, Prediction prediction, double eta) {
        if (!(eta >= 0 && eta <= 1)) {
            throw new IllegalArgumentException(
                    "DDIM's eta is 0 (deterministic) to 1 (as much noise as ancestral sampling), not " + eta);
        }
        int steps = diffusion.steps();
        var signal = diffusion.alphasCumprod();
        var signalPrev = diffusion.alphasCumprodPrev();
        var sigma = Table.of(
                steps, t -> eta * Math.sqrt(diffusion.posteriorVariance().at(t)));
        // The max is for rounding alone: at eta = 1 the difference may be a few ulps below 0.
        var epsilonScale = Table.of(
                steps,
                t -> Math.sqrt(Math.max(0, 1 - signalPrev.at(t) - sigma.at(t) * sigma.at(t)))
                        / Math.sqrt(1 - signal.at(t)));
        return new ReverseTable(
                prediction.x0FromX(diffusion),
                prediction.x0FromOutput(diffusion),
                Table.of(steps, t -> Math.sqrt(signalPrev.at(t)) - epsilonScale.at(t) * Math.sqrt(signal.at(t))),
                epsilonScale,
                null,
                sigma,
                null);
    }

    /**
     * DPM-Solver++(2M) (Lu et al. 2022, algorithm 2): the probability flow's ODE solved to second order with the estimate
     * of x0 of the step before. With lambda = ln(sqrt(alphasCumprod) / sqrt(1 - alphasCumprod)), h = lambda_prev -
     * lambda_t and r = (lambda_t - lambda_last) / h:
     *
     * <pre>{@code
     * d      = (1 + 1 / (2r)) x0 - 1 / (2r) x0Last
     * x_prev = sqrt((1 - alphasCumprodPrev) / (1 - alphasCumprod)) x - sqrt(alphasCumprodPrev) (exp(-h) - 1) d
     * }</pre>
     *
     * <p>The first step has nothing to look back to, and the last, to lambda = infinity, is x0 itself: both are of first
     * order, which is DDIM. Deterministic given x_T; good pictures take 15 to 50 steps.
     */
    public static ReverseTable dpmSolver(Diffusion diffusion, Prediction prediction) {
        int steps = diffusion.steps();
        var signal = diffusion.alphasCumprod();
        var signalPrev = diffusion.alphasCumprodPrev();
        var lambda = Table.of(steps, t -> 0.5 * Math.log(signal.at(t) / (1 - signal.at(t))));
        // 1 / (2r): how far the line through the last two estimates is followed.
        var lookBack = Table.of(
                steps,
                t -> t == 0 || t == steps - 1
                        ? 0
                        : (lambda.at(t - 1) - lambda.at(t)) / (2 * (lambda.at(t) - lambda.at(t + 1))));
        var toX0 = Table.of(
                steps, t -> t == 0 ? 1 : -Math.sqrt(signalPrev.at(t)) * Math.expm1(lambda.at(t) - lambda.at(t - 1)));
        return new ReverseTable(
                prediction.x0FromX(diffusion),
                prediction.x0FromOutput(diffusion),
                Table.of(steps, t -> toX0.at(t) * (1 + lookBack.at(t))),
                Table.of(steps, t -> Math.sqrt((1 - signalPrev.at(t)) / (1 - signal.at(t)))),
                Table.of(steps, t -> -toX0.at(t) * lookBack.at(t)),
                Table.of(steps, t -> 0),
                null);
    }

    /** The number of steps. */
    public int steps() {
        return sigma.size();
    }

    /** The factor of x_t in the mean of x_{t-1} when x0 is not clipped. */
    public Table unclippedFromX() {
        return Table.of(steps(), t -> meanFromX.at(t) + meanFromX0.at(t) * x0FromX.at(t));
    }

    /** The factor of the model's output that is taken off the mean of x_{t-1} when x0 is not clipped. */
    public Table unclippedFromOutput() {
        return Table.of(steps(), t -> meanFromX0.at(t) * x0FromOutput.at(t));
    }
}
