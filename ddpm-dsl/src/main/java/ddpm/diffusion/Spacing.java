package ddpm.diffusion;

/** Which S of a chain's T timesteps a shorter chain visits. Every choice gives exactly S for every S in 1..T. */
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

    /** As EVEN with diffusers' rounding, which may differ by one at exact halves; S = 1 gives 0. */
    LINSPACE
}
