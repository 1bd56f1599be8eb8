package ddpm.eval;

import ddpm.diffusion.Clip;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.DiscretizedGaussian;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Table;
import ddpm.diffusion.Variance;
import ddpm.torch.Device;
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
 * <p>The two means of L_t differ by {@code posteriorMeanCoef1 (x0 - x0hat)}.
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
            var total = sum(0, terms.length);
            Arrays.setAll(total, image -> prior[image] + total[image]);
            return total;
        }

        /** L_from + .. + L_{to-1} of each image, {@code [B]}. */
        double[] sum(int from, int to) {
            var sum = new double[prior.length];
            for (int t = from; t < to; t++) {
                for (int image = 0; image < sum.length; image++) {
                    sum[image] += terms[t][image];
                }
            }
            return sum;
        }
    }

    /** Takes finished steps, for progress; may throw to stop. */
    @FunctionalInterface
    public interface Steps {
        void done(int t);
    }

    /** Measures a model on the CPU. */
    public Terms of(Denoiser model, Tensor x0, IntFunction<Tensor> noise, Steps steps) {
        return of(model, x0, noise, Device.CPU, steps);
    }

    /**
     * @param x0 images {@code [B, C, H, W]} float32 in [-1, 1]
     * @param noise epsilon by t, like x0, made in the scope that is open then
     * @param device where the model lies; the terms are computed in double on the CPU
     */
    public Terms of(Denoiser model, Tensor x0, IntFunction<Tensor> noise, Device device, Steps steps) {
        int batch = Math.toIntExact(x0.shape().size(0));
        int perImage = Math.toIntExact(x0.shape().numel() / batch);
        int length = diffusion.steps();
        var clean = x0.toFloats();
        var term = new Term(diffusion, variance);
        var terms = new double[length][batch];
        var errors = new double[length][batch];
        try (var _ = TensorScope.open()) {
            var x0Estimate = new X0Estimate(this, device);
            for (int t = length - 1; t >= 0; t--) {
                try (var _ = TensorScope.open()) {
                    var estimate = x0Estimate.of(model, x0, noise.apply(t), t);
                    for (int image = 0; image < batch; image++) {
                        int from = image * perImage;
                        errors[t][image] = squaredError(clean, estimate.x0(), from, perImage);
                        terms[t][image] = term.bits(t, clean, estimate, from, perImage);
                    }
                }
                steps.done(t);
            }
        }
        return new Terms(prior(clean, batch, perImage), terms, errors);
    }

    private static double squaredError(float[] clean, double[] estimate, int from, int count) {
        double sum = 0;
        for (int i = from; i < from + count; i++) {
            double difference = clean[i] - estimate[i];
            sum += difference * difference;
        }
        return sum / count;
    }

    /**
     * L_t, mean over an image's elements.
     *
     * @param middle ln sigma^2, of an output v = 0 where it is learned
     * @param spread what v adds to it, per unit
     * @param truth ln of the posterior's variance
     * @param meanFromX0 the factor of x0 in the posterior's mean
     */
    private record Term(Table middle, Table spread, Table truth, Table meanFromX0) {
        Term(Diffusion diffusion, Variance variance) {
            this(
                    diffusion.logVariance(variance),
                    diffusion.logVarianceSpread(variance),
                    diffusion.posteriorLogVarianceClipped(),
                    diffusion.posteriorMeanCoef1());
        }

        double bits(int t, float[] clean, X0Estimate.Estimated estimate, int from, int count) {
            var v = estimate.v();
            double sum = 0;
            for (int i = from; i < from + count; i++) {
                double logVariance = middle.at(t) + (v == null ? 0 : spread.at(t) * v[i]);
                sum += t == 0
                        ? -DiscretizedGaussian.logProbability(clean[i], estimate.x0()[i], 0.5 * logVariance)
                        : divergence(truth.at(t), logVariance, meanFromX0.at(t) * (clean[i] - estimate.x0()[i]));
            }
            return sum / count / Math.log(2);
        }
    }

    /**
     * KL(N(., exp(logVariance1)) || N(., exp(logVariance2))) of normal distributions, in nats.
     *
     * @param difference of their means
     */
    static double divergence(double logVariance1, double logVariance2, double difference) {
        return 0.5
                * (-1
                        + logVariance2
                        - logVariance1
                        + Math.exp(logVariance1 - logVariance2)
                        + difference * difference * Math.exp(-logVariance2));
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
