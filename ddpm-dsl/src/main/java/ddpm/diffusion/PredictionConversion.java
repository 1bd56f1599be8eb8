package ddpm.diffusion;

import ddpm.torch.Device;
import ddpm.torch.Tensor;

/**
 * Converts between a model's outputs, x0 and epsilon, on tensors. Every {@link Prediction} is linear, x0 = a_t x_t - b_t
 * output, so the output of a perfect model is (a_t x_t - x0) / b_t, and every output has its epsilon.
 * Its tables belong to the scope it is made in.
 */
public final class PredictionConversion {
    private final Prediction prediction;
    private final DeviceTable fromX;
    private final DeviceTable fromOutput;
    private final DeviceTable signal;
    private final DeviceTable noise;

    public PredictionConversion(Diffusion diffusion, Prediction prediction, Device device) {
        this.prediction = prediction;
        if (prediction == Prediction.EPSILON) { // nothing to translate: no tables in the training of most models
            fromX = fromOutput = signal = noise = null;
            return;
        }
        fromX = new DeviceTable(prediction.x0FromX(diffusion), device);
        fromOutput = new DeviceTable(prediction.x0FromOutput(diffusion), device);
        signal = new DeviceTable(diffusion.sqrtAlphasCumprod(), device);
        noise = new DeviceTable(diffusion.sqrtOneMinusAlphasCumprod(), device);
    }

    /**
     * The output of a perfect model: the target of training.
     *
     * @param x0 {@code [B, C, H, W]}
     * @param xt x0 noised to {@code t} by {@code epsilon}
     * @param t {@code [B]}, int64
     */
    public Tensor target(Tensor x0, Tensor xt, Tensor epsilon, Tensor t) {
        return switch (prediction) {
            case EPSILON -> epsilon;
            case X0 -> x0;
            case V, MEAN -> fromX.at(t).mul(xt).sub(x0).div(fromOutput.at(t));
        };
    }

    /**
     * The epsilon that an output implies, (x_t - sqrt(alphasCumprod) x0) / sqrt(1 - alphasCumprod), whatever variance is
     * learned beside it.
     */
    public Tensor epsilon(Tensor xt, Tensor given, Tensor t) {
        var output = ModelOutput.prediction(given, xt);
        if (prediction == Prediction.EPSILON) {
            return output;
        }
        var x0 = fromX.at(t).mul(xt).sub(fromOutput.at(t).mul(output));
        return xt.sub(signal.at(t).mul(x0)).div(noise.at(t));
    }
}
