package ddpm.sampling;

import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Noise;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;

/**
 * Images between two images by DDIM (Song et al. 2021, section 5.3): both are encoded to their x_T, which are mixed along
 * the great circle through them, so that the mixtures are as long as noise is, and drawn again.
 *
 * @param inversion encodes the images, and draws the mixtures on its chain; its progress counts the steps of all images
 *     both ways
 */
public record SphericalInterpolation(Inversion inversion) {
    /**
     * @param from image {@code [1, C, H, W]} in [-1, 1]
     * @param to likewise
     * @param lambdas 0 gives {@code from} and 1 gives {@code to}, as well as the inversion's steps can
     * @return {@code [lambdas, C, H, W]} float32 in the current scope, not clipped
     */
    public Tensor between(Denoiser model, Tensor from, Tensor to, double[] lambdas) {
        Interpolation.check(from, to, lambdas);
        try (var scope = TensorScope.open()) {
            int steps = inversion.diffusion().steps();
            long all = (2L + lambdas.length) * steps;
            var progress = inversion.progress();
            var up = inversion.withProgress((done, of) -> progress.steps(2L * steps * done / of, all));
            var down = inversion
                    .sampler()
                    .withProgress(
                            (done, of) -> progress.steps(2L * steps + (long) lambdas.length * steps * done / of, all));
            var ends = up.encode(model, Ops.cat(0, from, to)).toFloats();
            var latents = Tensor.of(mixed(ends, lambdas), from.shape().with(0, lambdas.length));
            var noise = Noise.seed(0); // of which nothing is drawn at eta 0
            return scope.keep(
                    down.denoise(model, latents, steps - 1, noise, Sampler.Addresses.SHARED, inversion.device())
                            .images());
        }
    }

    /** {@code sin((1 - lambda) a) / sin(a) x + sin(lambda a) / sin(a) y}, a the angle between x and y. */
    private static float[] mixed(float[] ends, double[] lambdas) {
        int n = ends.length / 2;
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int i = 0; i < n; i++) {
            xx += (double) ends[i] * ends[i];
            yy += (double) ends[n + i] * ends[n + i];
            xy += (double) ends[i] * ends[n + i];
        }
        double angle = Math.acos(Math.clamp(xy / Math.sqrt(xx * yy), -1, 1));
        boolean straight = !(Math.sin(angle) > 1e-6); // one direction, or no direction: the circle is a line
        var mixed = new float[lambdas.length * n];
        for (int k = 0; k < lambdas.length; k++) {
            double x = straight ? 1 - lambdas[k] : Math.sin((1 - lambdas[k]) * angle) / Math.sin(angle);
            double y = straight ? lambdas[k] : Math.sin(lambdas[k] * angle) / Math.sin(angle);
            for (int i = 0; i < n; i++) {
                mixed[k * n + i] = (float) (x * ends[i] + y * ends[n + i]);
            }
        }
        return mixed;
    }
}
