package ddpm.eval;

import ddpm.diffusion.Clip;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.ForwardProcess;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.ReverseTable;
import ddpm.diffusion.Table;
import ddpm.diffusion.Variance;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * The variational bound on the negative log-likelihood (Ho et al. 2020, eq. 5), term by term, in bits per dimension.
 *
 * <pre>{@code
 * prior  = KL(q(x_T | x_0) || N(0, I))
 * L_t    = KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t))     t = T-1 .. 1, a fresh x_t for each
 * L_0    = -log p(x_0 | x_1)                                  the discretised Gaussian decoder
 * }</pre>
 *
 * <p>The two means of L_t differ by {@code posteriorMeanCoef1 (x0 - x0hat)} alone, so each KL follows from one number per
 * image, the mean of {@code (x0 - x0hat)^2}.
 *
 * @param diffusion the chain
 * @param prediction what the model's output means
 * @param variance of the reverse process
 * @param clip whether x0 estimates are clipped to [-1, 1]
 */
public record VariationalBound(Diffusion diffusion, Prediction prediction, Variance variance, Clip clip) {

    /**
     * @param prior bits/dim of each image, {@code [B]}
     * @param terms {@code [T][B]}: L_t by t, the decoder's at 0
     * @param squaredErrors {@code [T][B]}: the mean of (x0 - x0hat)^2 by t, in units of the model's range [-1, 1]
     */
    public record Terms(double[] prior, double[][] terms, double[][] squaredErrors) {
        /** The whole bound of each image, {@code [B]}. */
        public double[] total() {
            var total = prior.clone();
            for (var term : terms) {
                for (int i = 0; i < total.length; i++) {
                    total[i] += term[i];
                }
            }
            return total;
        }
    }

    /** Hears of finished steps, for progress; may throw to stop. */
    @FunctionalInterface
    public interface Steps {
        void done(int t);
    }

    /**
     * @param x0 images {@code [B, C, H, W]} float32 in [-1, 1]
     * @param noise epsilon by t, like x0, made in the scope that is open then
     */
    public Terms of(Denoiser model, Tensor x0, IntFunction<Tensor> noise, Steps steps) {
        int batch = Math.toIntExact(x0.shape().size(0));
        int perImage = Math.toIntExact(x0.shape().numel() / batch);
        int length = diffusion.steps();
        var clean = x0.toFloats();
        var table = ReverseTable.ancestral(diffusion, prediction, variance);
        var logVariance = diffusion.logVariance(variance);
        var trueLogVariance = diffusion.posteriorLogVarianceClipped();
        var terms = new double[length][batch];
        var errors = new double[length][batch];
        try (var _ = TensorScope.open()) {
            var forward = new ForwardProcess(diffusion, Device.CPU);
            for (int t = length - 1; t >= 0; t--) {
                try (var _ = TensorScope.open()) {
                    var xt = forward.xt(x0, Tensor.of(new long[] {t}, Shape.of(1)), noise.apply(t));
                    var output = model.predict(xt, Tensor.of(new long[] {diffusion.timestep(t)}, Shape.of(1)));
                    var estimate = estimate(xt.toFloats(), output.toFloats(), table.x0FromX(), table.x0FromOutput(), t);
                    for (int image = 0; image < batch; image++) {
                        int from = image * perImage;
                        errors[t][image] = squaredError(clean, estimate, from, perImage);
                        terms[t][image] = t == 0
                                ? decoder(clean, estimate, from, perImage, 0.5 * logVariance.at(0))
                                : divergence(
                                        trueLogVariance.at(t),
                                        logVariance.at(t),
                                        table.meanFromX0().at(t),
                                        errors[t][image]);
                    }
                }
                steps.done(t);
            }
        }
        return new Terms(prior(clean, batch, perImage), terms, errors);
    }

    private double[] estimate(float[] x, float[] output, Table fromX, Table fromOutput, int t) {
        double a = fromX.at(t);
        double b = fromOutput.at(t);
        var x0 = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            double value = a * x[i] - b * output[i];
            x0[i] = clip == Clip.X0 ? Math.clamp(value, -1, 1) : value;
        }
        return x0;
    }

    private static double squaredError(float[] clean, double[] estimate, int from, int count) {
        double sum = 0;
        for (int i = from; i < from + count; i++) {
            double difference = clean[i] - estimate[i];
            sum += difference * difference;
        }
        return sum / count;
    }

    /** KL of two Gaussians, mean over dimensions, in bits. */
    private static double divergence(
            double logVariance1, double logVariance2, double coefficient, double squaredError) {
        return 0.5
                * (-1
                        + logVariance2
                        - logVariance1
                        + Math.exp(logVariance1 - logVariance2)
                        + coefficient * coefficient * squaredError * Math.exp(-logVariance2))
                / Math.log(2);
    }

    private static double decoder(float[] clean, double[] mean, int from, int count, double logScale) {
        double sum = 0;
        for (int i = from; i < from + count; i++) {
            sum -= DiscretizedGaussian.logProbability(clean[i], mean[i], logScale);
        }
        return sum / count / Math.log(2);
    }

    private double[] prior(float[] clean, int batch, int perImage) {
        int last = diffusion.steps() - 1;
        double signal = diffusion.alphasCumprod().at(last);
        double logVariance = diffusion.logOneMinusAlphasCumprod().at(last);
        var prior = new double[batch];
        Arrays.setAll(prior, image -> {
            double square = 0;
            for (int i = image * perImage; i < (image + 1) * perImage; i++) {
                square += (double) clean[i] * clean[i];
            }
            return 0.5 * (-1 - logVariance + Math.exp(logVariance) + signal * square / perImage) / Math.log(2);
        });
        return prior;
    }
}
