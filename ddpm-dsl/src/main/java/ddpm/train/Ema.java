package ddpm.train;

import ddpm.nn.Params;

/**
 * The exponential moving average of the weights: {@code ema = decay ema + (1 - decay) weights} after every step.
 *
 * @param decay 0 to below 1; the paper has 0.9999, the notebook 0.999
 * @param ramp whether young averages decay faster, min(decay, (1 + step) / (10 + step)), so that short runs do not keep
 *     their initial noise; the paper has no ramp
 */
public record Ema(double decay, boolean ramp) {
    public Ema {
        if (!(decay >= 0 && decay < 1)) {
            throw new IllegalArgumentException("an EMA decay is from 0 to below 1, not " + decay);
        }
    }

    /** Begins an average at a network's weights as they are. */
    public WeightAverage of(Params params) {
        return new WeightAverage(params, this);
    }

    /** The decay after update {@code step}, counted from 0. */
    public double at(long step) {
        return ramp ? Math.min(decay, (1.0 + step) / (10.0 + step)) : decay;
    }
}
