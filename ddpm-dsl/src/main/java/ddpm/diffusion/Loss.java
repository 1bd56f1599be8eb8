package ddpm.diffusion;

import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;

/**
 * An {@link Objective} on tensors, image by image and differentiable in the model's output. Its tables belong to the scope
 * it is made in.
 *
 * <p>The bound goes through the error of the output alone: the means of q(x_{t-1} | x_t, x_0) and p(x_{t-1} | x_t) differ
 * by a table's entry times that error, whatever is predicted, so no x0 as large as 1 / sqrt(alphasCumprod) is formed.
 */
public final class Loss {
    /** gamma of {@link Objective#MIN_SNR}. */
    static final double GAMMA = 5;

    /** lambda of {@link Objective#HYBRID}. */
    static final double LAMBDA = 0.001;

    private final Objective objective;
    private final PredictionConversion translation;
    private final DeviceTable weight;
    private final Bound bound;

    /**
     * @param diffusion the chain that the model is trained on
     * @throws IllegalArgumentException for an objective that cannot train such a model, see {@link Objective#require}
     */
    public Loss(Diffusion diffusion, Prediction prediction, Variance variance, Objective objective, Device device) {
        objective.require(variance);
        this.objective = objective;
        translation = new PredictionConversion(diffusion, prediction, device);
        weight = objective == Objective.MIN_SNR ? new DeviceTable(minSnr(diffusion, prediction), device) : null;
        bound = objective == Objective.VLB || objective == Objective.HYBRID
                ? new Bound(diffusion, prediction, variance, device)
                : null;
    }

    /** With x0 = a_t x_t - b_t output, the squared error of x0 is b_t^2 times that of the output. */
    static Table minSnr(Diffusion diffusion, Prediction prediction) {
        var signal = diffusion.alphasCumprod();
        var fromOutput = prediction.x0FromOutput(diffusion);
        return Table.of(diffusion.steps(), t -> {
            double snr = signal.at(t) / (1 - signal.at(t));
            return Math.min(snr, GAMMA) * fromOutput.at(t) * fromOutput.at(t);
        });
    }

    /**
     * @param x0 images in [-1, 1], {@code [B, C, H, W]}
     * @param xt x0 noised to {@code t} by {@code epsilon}
     * @param t {@code [B]}, int64, in 0..T-1
     * @param output the model's, {@code [B, C, H, W]}, or {@code [B, 2C, H, W]} with a learned variance
     * @return {@code [B]}
     */
    public Tensor perImage(Tensor x0, Tensor xt, Tensor epsilon, Tensor t, Tensor output) {
        var error = ModelOutput.prediction(output, xt).sub(translation.target(x0, xt, epsilon, t));
        return switch (objective) {
            case SIMPLE -> mean(square(error));
            case MIN_SNR -> weight.at(t).view(-1).mul(mean(square(error)));
            case VLB -> bound.bits(x0, xt, error, t, output);
            case HYBRID ->
                mean(square(error))
                        .add(bound.bits(x0, xt, error.detach(), t, output).mul(LAMBDA));
        };
    }

    private static Tensor square(Tensor x) {
        return x.mul(x);
    }

    private static Tensor mean(Tensor x) {
        return Ops.mean(x, 1, 2, 3);
    }

    /** T L_t in bits per dimension. */
    private static final class Bound {
        private final int steps;
        private final Variance variance;
        private final DeviceTable middle;
        private final DeviceTable spread;
        private final DeviceTable truth;
        private final DeviceTable x0FromOutput;
        private final DeviceTable meanFromOutput;
        private final DeviceTable decodes;

        Bound(Diffusion diffusion, Prediction prediction, Variance variance, Device device) {
            var fromOutput = prediction.x0FromOutput(diffusion);
            var meanFromX0 = diffusion.posteriorMeanCoef1();
            this.steps = diffusion.steps();
            this.variance = variance;
            middle = new DeviceTable(diffusion.logVariance(variance), device);
            spread = new DeviceTable(diffusion.logVarianceSpread(variance), device);
            truth = new DeviceTable(diffusion.posteriorLogVarianceClipped(), device);
            x0FromOutput = new DeviceTable(fromOutput, device);
            meanFromOutput = new DeviceTable(Table.of(steps, t -> meanFromX0.at(t) * fromOutput.at(t)), device);
            decodes = new DeviceTable(Table.of(steps, t -> t == 0 ? 1 : 0), device);
        }

        Tensor bits(Tensor x0, Tensor xt, Tensor error, Tensor t, Tensor output) {
            var logVariance = middle.at(t);
            if (variance.isLearned()) {
                logVariance = logVariance.add(spread.at(t).mul(ModelOutput.variance(output, xt)));
            }
            var decodes = this.decodes.at(t).view(-1);
            var divergence = mean(divergence(meanFromOutput.at(t).mul(error), logVariance, truth.at(t)));
            var x0hat = x0.add(x0FromOutput.at(t).mul(error).neg());
            var decoder = mean(DiscretizedGaussian.logProbability(x0, x0hat, logVariance.mul(0.5)))
                    .neg();
            return divergence
                    .mul(decodes.neg().add(1))
                    .add(decoder.to(divergence.dtype()).mul(decodes))
                    .mul(steps / Math.log(2));
        }

        /** KL(q || p) of two normal distributions, in nats, by element. */
        private static Tensor divergence(Tensor meanDifference, Tensor logVariance, Tensor truth) {
            var ratio = truth.sub(logVariance);
            return Ops.exp(ratio)
                    .sub(ratio)
                    .add(-1)
                    .add(square(meanDifference).mul(Ops.exp(logVariance.neg())))
                    .mul(0.5);
        }
    }
}
