package ddpm.diffusion;

/** The loss that training minimises; {@link Loss} computes it. */
public enum Objective {
    /** The paper's L_simple (eq. 14): the squared error of whatever the model predicts, the same at every t. */
    SIMPLE,

    /**
     * The squared error weighted by min(SNR_t, 5) (Hang et al. 2023), SNR_t = alphasCumprod / (1 - alphasCumprod). The weight
     * is meant for the error of x0, so that of an epsilon is min(SNR, 5) / SNR, and of a v min(SNR, 5) / (SNR + 1).
     */
    MIN_SNR,

    /**
     * The variational bound itself (eq. 5): T L_t in bits per dimension, which is the whole bound without its prior on
     * average over t. L_0 is that of the discretised decoder.
     */
    VLB,

    /**
     * L_simple + 0.001 L_vlb for a learned variance (Nichol and Dhariwal 2021, eq. 16). The bound moves the variance alone:
     * to the mean it passes no gradient.
     */
    HYBRID;

    /**
     * Refuses what cannot train a model.
     *
     * @throws IllegalArgumentException for a variance that is to be learned and that this objective says nothing about, or
     *     the reverse
     */
    public void require(Variance variance) {
        boolean learns = this == HYBRID || this == VLB;
        if (variance.isLearned() && !learns) {
            throw new IllegalArgumentException("the objective " + this
                    + " says nothing about the variance, so that of a model with a learned one (" + variance
                    + ") would stay as it begins; train with HYBRID or VLB, or choose a fixed variance");
        }
        if (this == HYBRID && !variance.isLearned()) {
            throw new IllegalArgumentException("the objective HYBRID is L_simple with a term for the variance, and "
                    + variance + " is fixed; train with SIMPLE, or choose the variance LEARNED_RANGE");
        }
    }
}
