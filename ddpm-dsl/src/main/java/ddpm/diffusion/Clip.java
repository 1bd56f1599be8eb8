package ddpm.diffusion;

/** Whether a sampler keeps its estimate of x0 inside the range of images. */
public enum Clip {
    /** The estimated x0 is moved into [-1, 1] before the mean of x_{t-1} is formed, as in the paper's code. */
    X0,
    /** Nothing is clipped, as in the notebook. */
    NONE
}
