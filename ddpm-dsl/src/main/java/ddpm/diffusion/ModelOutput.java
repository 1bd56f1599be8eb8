package ddpm.diffusion;

import ddpm.torch.Tensor;

/**
 * The two halves of what a model says of x_t: its {@link Prediction}, as many channels as x_t has, and, of a model with
 * twice as many, the outputs v that a {@linkplain Variance#LEARNED_RANGE learned variance} is made of.
 */
public final class ModelOutput {
    private ModelOutput() {}

    /**
     * The prediction; that of a model with a fixed variance is all of its output.
     *
     * @param output {@code [B, C, H, W]} or {@code [B, 2C, H, W]}
     * @param xt {@code [B, C, H, W]}
     * @throws IllegalArgumentException for another number of channels
     */
    public static Tensor prediction(Tensor output, Tensor xt) {
        long channels = xt.shape().size(1);
        long given = output.shape().size(1);
        if (given != channels && given != 2 * channels) {
            throw new IllegalArgumentException("the model's output has " + given + " channels for images of " + channels
                    + ": as many are needed, or twice as many with a learned variance");
        }
        return given == channels ? output : output.narrow(1, 0, channels);
    }

    /**
     * The outputs v, -1 for the small variance and 1 for the large.
     *
     * @throws IllegalArgumentException if the model learned none
     */
    public static Tensor variance(Tensor output, Tensor xt) {
        long channels = xt.shape().size(1);
        if (output.shape().size(1) != 2 * channels) {
            throw new IllegalArgumentException("a learned variance needs a model with " + 2 * channels
                    + " channels of output for images of " + channels + ", and this one has "
                    + output.shape().size(1) + "; choose a fixed variance");
        }
        return output.narrow(1, channels, channels);
    }
}
