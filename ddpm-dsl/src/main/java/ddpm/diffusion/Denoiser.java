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
     * The model for images {@code from..to-1} of a batch. A batch is cut into slices, one for each thread, so a model that
     * holds something for each image, such as labels, returns a model that holds those of the slice; the default, for
     * models that treat all images alike, is this model itself. Tensors made here belong to the current scope.
     */
    default Denoiser slice(int from, int to) {
        return this;
    }
}
