package ddpm.sampling;

import ddpm.diffusion.Clip;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Table;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.Workers;
import java.util.Arrays;
import java.util.List;

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
 * @param prediction what the model's output means
 * @param threads cores to use, each with a slice of the batch, at least 1
 * @param device where the model lies; threads are for the CPU
 * @param progress hears of finished steps
 */
public record Inversion(
        Diffusion diffusion, Prediction prediction, int threads, Device device, Sampler.Progress progress) {
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
        return Sampler.ddim(diffusion, 0)
                .withTable(ReverseTable.ddim(diffusion, prediction, 0))
                .withClip(Clip.NONE)
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
        var values = x0.toFloats();
        int batch = Math.toIntExact(shape.size(0));
        int perImage = values.length / batch;
        try (var workers = Workers.forBatch(device, threads, batch)) {
            var count = new StepCount((long) diffusion.steps() * workers.count(), progress);
            var parts = workers.run(batch, (_, from, to) -> {
                var part = Arrays.copyOfRange(values, from * perImage, to * perImage);
                return List.of(climb(model, from, part, shape.with(0, to - from), count));
            });
            return Sampler.join(parts, shape).images();
        }
    }

    /** @param first which of the batch's images is the first of these */
    private float[] climb(Denoiser whole, int first, float[] images, Shape shape, StepCount count) {
        try (var _ = GradMode.off();
                var _ = TensorScope.open()) {
            var model = whole.slice(first, first + Math.toIntExact(shape.size(0)));
            var step = new ReverseStep(table(), Clip.NONE, false, shape, device);
            var nothing = Tensor.zeros(shape, DType.FLOAT32, device);
            var x = Tensor.of(images, shape).on(device);
            for (int i = 0; i < diffusion.steps(); i++) {
                count.checkCancelled();
                try (var inner = TensorScope.open()) {
                    var t = Tensor.of(new long[] {diffusion.timestep(below(i))}, Shape.of(1))
                            .on(device);
                    var index = Tensor.of(new long[] {i}, Shape.of(1)).on(device);
                    var next = step.apply(x, model.predict(x, t), index, nothing);
                    x.close();
                    x = inner.keep(next.contiguous());
                }
                count.add(1);
            }
            return x.toFloats();
        }
    }

    /** Where the model is asked for the step that ends at i. There is nothing below 0: the image is taken for x_0 there. */
    private static int below(int i) {
        return Math.max(0, i - 1);
    }

    /** The step to index i from the one below it, in the terms of a reverse step: mean is x_i. */
    private ReverseTable table() {
        int steps = diffusion.steps();
        var signal = diffusion.sqrtAlphasCumprod();
        var noise = diffusion.sqrtOneMinusAlphasCumprod();
        var fromX = prediction.x0FromX(diffusion);
        var fromOutput = prediction.x0FromOutput(diffusion);
        // epsilon = (x - signal x0) / noise, of the step below.
        var epsilon = Table.of(steps, i -> noise.at(i) / noise.at(below(i)));
        return new ReverseTable(
                Table.of(steps, i -> fromX.at(below(i))),
                Table.of(steps, i -> fromOutput.at(below(i))),
                // From the image to index 0 the image itself is x0, and the estimate serves for epsilon alone.
                Table.of(steps, i -> i == 0 ? -signal.at(0) : signal.at(i) - epsilon.at(i) * signal.at(i - 1)),
                Table.of(steps, i -> i == 0 ? 1 + signal.at(0) : epsilon.at(i)),
                null,
                Table.of(steps, _ -> 0),
                null);
    }
}
