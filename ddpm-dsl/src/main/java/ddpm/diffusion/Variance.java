package ddpm.diffusion;

/**
 * The variance sigma_t^2 of the reverse process p(x_{t-1} | x_t): one of the two fixed choices of Ho et al. 2020, section
 * 3.2, which bound the entropy of the true reverse step from below and above, or learned between them.
 */
public enum Variance {
    /** The posterior variance (1 - alphasCumprodPrev)/(1 - alphasCumprod) beta_t: right for data that is one point. */
    FIXED_SMALL,

    /** beta_t: right for data that is N(0, I), and what the paper's CIFAR-10 samples use. */
    FIXED_LARGE,

    /**
     * Learned for each element (Nichol and Dhariwal 2021, eq. 15): ln sigma^2 = f ln beta_t + (1 - f) ln posteriorVariance_t.
     * The model has twice as many channels out as in, and f = (v + 1) / 2 for an output v of the second half.
     */
    LEARNED_RANGE;

    /** Whether the model gives it. */
    public boolean isLearned() {
        return this == LEARNED_RANGE;
    }

    /** Channels of a model's output for images of so many channels. */
    public int outChannels(int inChannels) {
        return isLearned() ? 2 * inChannels : inChannels;
    }
}
