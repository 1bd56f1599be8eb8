package ddpm.diffusion;

import ddpm.torch.Tensor;

/** A model conditioned on a label of each image, beside the image and its timestep. */
@FunctionalInterface
public interface ConditionalDenoiser {
    /**
     * @param xt noisy images {@code [B, C, H, W]}
     * @param t timesteps {@code [B]} or {@code [1]}, see {@link Denoiser#predict}
     * @param labels int64 {@code [B]}, on xt's device
     * @return what the model predicts, {@code [B, C', H, W]}
     */
    Tensor predict(Tensor xt, Tensor t, Tensor labels);
}
