package ddpm.diffusion;

import ddpm.torch.Tensor;

/** A model as diffusion sees it: any function of a noisy image and its timestep. */
@FunctionalInterface
public interface Denoiser {
    /**
     * @param xt noisy images {@code [B, C, H, W]}
     * @param t timesteps of the schedule the model was trained with, int64, {@code [B]}; samplers, whose images are all
     *     at the same one, pass {@code [1]}
     * @return what the model predicts, {@code [B, C, H, W]}: see {@link Prediction}; {@code [B, 2C, H, W]} with a {@link
     *     Variance#LEARNED_RANGE learned variance} behind it
     */
    Tensor predict(Tensor xt, Tensor t);

    /**
     * The part of this model that is about images {@code from..to-1} of a batch or a set, where it knows something of
     * each; a model that treats all images alike is its own part. Tensors of the part belong to the current scope.
     */
    default Denoiser slice(int from, int to) {
        return this;
    }
}
