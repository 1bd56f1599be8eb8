package ddpm.diffusion;

import ddpm.torch.Tensor;

/**
 * The two halves of a model's output about x_t: its {@link Prediction}, as many channels as x_t has, and, of a model with
 * twice as many, the outputs v that a {@linkplain Variance#LEARNED_RANGE learned variance} is made of.
 */
public final class ModelOutput {
    private ModelOutput() {}

    /**
     * The prediction; that of a model with a fixed variance is all of its output.
     *
     * @param output {@code [B, C, H, W]} or {@code [B, 2C, H, W]}
     * @param xt {@code [B, C, H, W]}
     * @throws IllegalArgumentException for any other shape
     */
    public static Tensor prediction(Tensor output, Tensor xt) {
        long channels = xt.shape().size(1);
        long given = check(output, xt);
        return given == channels ? output : output.narrow(1, 0, channels);
    }

    /** Checks the whole shape, for one that broadcasts would be a wrong result in silence; returns the output's channels. */
    private static long check(Tensor output, Tensor xt) {
        var wanted = xt.shape();
        var shape = output.shape();
        long channels = wanted.size(1);
        long given = shape.rank() == wanted.rank() ? shape.size(1) : -1;
        if (given != channels && given != 2 * channels
                || !shape.with(1, channels).equals(wanted)) {
            throw new IllegalArgumentException("the model's output is " + shape + " for x_t of shape " + wanted
                    + ": that shape is needed, or with a learned variance twice as many channels");
        }
        return given;
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
