package ddpm.diffusion;

/** A choice of S of a chain's T timesteps for a shorter chain to visit: exactly S for every S in 1..T. */
public enum Spacing {
    /**
     * Evenly from 0 to T-1, both included; S = 1 gives T-1. The default: sampling starts from pure noise, so the first
     * step must be the one the model knows as nearly pure noise, and ends at the step with the least. As
     * improved-diffusion's single section ("100"), but for S = 1, where that visits 0 alone and cannot sample.
     */
    EVEN,

    /** 0, r, 2r, .. with r = floor(T/S), diffusers' default: begins well below T-1 unless S divides T finely. */
    LEADING,

    /** T-1, T-1-r, .. with r = T/S, each rounded: begins at T-1, ends at about r-1 (Lin et al. 2024, table 2). */
    TRAILING,

    /**
     * c k^2 rounded down, so that most steps are spent near the image: DDIM's quadratic tau with its code's c, which ends
     * at 0.8 T (Song et al. 2021, appendix D.2). Where that visits a timestep twice, the second goes to the next one; S = 1
     * gives T-1.
     */
    QUADRATIC,

    /** As EVEN with diffusers' rounding, which may differ by one at exact halves; S = 1 gives 0. */
    LINSPACE
}
