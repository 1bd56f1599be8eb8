package ddpm.diffusion;

/**
 * The coefficients of one reverse step, by t. Ancestral sampling and DDIM, for every {@link Prediction}, are the same
 * three lines with different numbers, free of branches on t:
 *
 * <pre>{@code
 * x0     = x0FromX[t] * x - x0FromOutput[t] * output;   // then clipped to [-1, 1], if at all
 * mean   = meanFromX0[t] * x0 + meanFromX[t] * x;
 * x_prev = mean + sigma[t] * z;                         // sigma[0] = 0: nothing is added to the last step
 * }</pre>
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
 * @param sigma standard deviation of the noise added to the mean; 0 at t = 0
 */
public record ReverseTable(Table x0FromX, Table x0FromOutput, Table meanFromX0, Table meanFromX, Table sigma) {
    /** All five tables speak of the same steps. */
    public ReverseTable {
        int steps = x0FromX.size();
        for (var table : new Table[] {x0FromOutput, meanFromX0, meanFromX, sigma}) {
            if (table.size() != steps) {
                throw new IllegalArgumentException(
                        "the tables of one step have one length: " + table.size() + " beside " + steps);
            }
        }
    }

    /** The ancestral sampler of Ho et al. 2020, algorithm 2, through the posterior of eq. 7. */
    public static ReverseTable ancestral(Diffusion diffusion, Prediction prediction, Variance variance) {
        var sigmaSquared = diffusion.variance(variance);
        return new ReverseTable(
                prediction.x0FromX(diffusion),
                prediction.x0FromOutput(diffusion),
                diffusion.posteriorMeanCoef1(),
                diffusion.posteriorMeanCoef2(),
                Table.of(diffusion.steps(), t -> t == 0 ? 0 : Math.sqrt(sigmaSquared.at(t))));
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
                sigma);
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
