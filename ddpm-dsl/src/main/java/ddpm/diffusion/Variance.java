package ddpm.diffusion;

/**
 * The fixed variance sigma_t^2 of the reverse process p(x_{t-1} | x_t), the two choices of Ho et al. 2020, section 3.2.
 * They bound the entropy of the true reverse step from below and above.
 */
public enum Variance {
    /** The posterior variance (1 - alphasCumprodPrev)/(1 - alphasCumprod) beta_t: right for data that is one point. */
    FIXED_SMALL,

    /** beta_t: right for data that is N(0, I), and what the paper's CIFAR-10 samples use. */
    FIXED_LARGE
}
