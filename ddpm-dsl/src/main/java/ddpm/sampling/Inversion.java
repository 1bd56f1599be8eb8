package ddpm.sampling;

import ddpm.diffusion.Clip;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Table;
import ddpm.torch.Device;
import ddpm.torch.Tensor;

/**
 * DDIM walked upward: images become the noise x_T from which deterministic DDIM (eta 0, nothing clipped) draws them again
 * (Song et al. 2021, section 4.3 and 5.4).
 *
 * <pre>{@code
 * x_t = sqrt(alphasCumprod_t) x0 + sqrt(1 - alphasCumprod_t) epsilon     x0, epsilon by the model at x_{t-1}
 * }</pre>
 *
 * <p>This is Euler's method for the ODE of eq. 14. Going down, the model is asked at the upper end of each step and here at
 * the lower, so encoding and drawing again gives back the image up to an error that falls like 1 / steps.
 *
 * @param diffusion the chain that is climbed, respaced or not
 * @param prediction the meaning of the model's output
 * @param threads cores to use, each with a slice of the batch, at least 1
 * @param device where the model lies; threads are for the CPU
 * @param progress takes the number of finished steps
 */
public record Inversion(
        Diffusion diffusion, Prediction prediction, int threads, Device device, Sampler.Progress progress) {
    /** A chain without noise draws none of it. */
    private static final Noise NOTHING_DRAWN = Noise.seed(0);

    /** Checks the number of threads. */
    public Inversion {
        if (threads < 1) {
            throw new IllegalArgumentException("threads " + threads + " is at least 1");
        }
    }

    /** On all cores of the CPU. */
    public Inversion(Diffusion diffusion, Prediction prediction) {
        this(diffusion, prediction, Runtime.getRuntime().availableProcessors(), Device.CPU, (_, _) -> {});
    }

    public Inversion withThreads(int newThreads) {
        return new Inversion(diffusion, prediction, newThreads, device, progress);
    }

    public Inversion on(Device newDevice) {
        return new Inversion(diffusion, prediction, threads, newDevice, progress);
    }

    public Inversion withProgress(Sampler.Progress newProgress) {
        return new Inversion(diffusion, prediction, threads, device, newProgress);
    }

    /** The sampler that goes the same way down: DDIM at eta 0, nothing clipped. */
    public Sampler sampler() {
        return new Sampler(diffusion, prediction, new Solver.Ddim(0), Clip.NONE)
                .withThreads(threads)
                .withProgress(progress);
    }

    /**
     * Encodes images.
     *
     * @param x0 {@code [B, C, H, W]} float32 in [-1, 1], in any scope
     * @return x_T, like x0, in the current scope. Its standard deviation is below 1, the more so the flatter the images and
     *     the fewer the steps: 0.72 for MNIST's digits after 100
     * @throws java.util.concurrent.CancellationException if this thread is interrupted
     */
    public Tensor encode(Denoiser model, Tensor x0) {
        var shape = x0.shape();
        if (shape.rank() != 4 || shape.size(0) < 1) {
            throw new IllegalArgumentException("images to encode have a shape [B, C, H, W], not " + shape);
        }
        Solver upward = chain -> new ReverseStep(table(), chain);
        return sampler()
                .withSolver(upward)
                .withGraphSteps(GraphSteps.NONE)
                .walk(
                        model,
                        x0.toFloats(),
                        Route.up(diffusion.steps()),
                        shape,
                        NOTHING_DRAWN,
                        Sampler.Addresses.EACH,
                        device)
                .images();
    }

    /** The step to index i from the one below it, in the terms of a reverse step: mean is x_i. */
    private ReverseTable table() {
        int steps = diffusion.steps();
        var route = Route.up(steps);
        var signal = diffusion.sqrtAlphasCumprod();
        var noise = diffusion.sqrtOneMinusAlphasCumprod();
        var fromX = prediction.x0FromX(diffusion);
        var fromOutput = prediction.x0FromOutput(diffusion);
        // epsilon = (x - signal x0) / noise, of the step below.
        var epsilon = Table.of(steps, i -> noise.at(i) / noise.at(route.asked(i)));
        return new ReverseTable(
                Table.of(steps, i -> fromX.at(route.asked(i))),
                Table.of(steps, i -> fromOutput.at(route.asked(i))),
                // From the image to index 0 the image itself is x0, and the estimate serves for epsilon alone.
                Table.of(steps, i -> i == 0 ? -signal.at(0) : signal.at(i) - epsilon.at(i) * signal.at(i - 1)),
                Table.of(steps, i -> i == 0 ? 1 + signal.at(0) : epsilon.at(i)),
                null,
                Table.of(steps, _ -> 0),
                null);
    }
}
