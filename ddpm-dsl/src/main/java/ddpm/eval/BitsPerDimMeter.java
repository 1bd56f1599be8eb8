package ddpm.eval;

import ddpm.data.ImageSet;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Noise;
import ddpm.torch.GradMode;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.Arrays;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Measures {@link BitsPerDim}: every image goes through every step of the chain once, with noise addressed by (seed,
 * image, t), so that neither batch size nor threads change what is measured.
 *
 * @param batch images in one forward pass, at least 1
 * @param threads cores, each with batches of its own, at least 1
 * @param seed of the noise
 * @param progress hears of steps done, by one thread at a time
 */
public record BitsPerDimMeter(int batch, int threads, long seed, Progress progress) {
    /** Hears how many network calls, counted by image, of how many are done. */
    @FunctionalInterface
    public interface Progress {
        void steps(long done, long of);
    }

    public BitsPerDimMeter {
        new Batches(batch, threads); // checks both
    }

    /**
     * Measures images 0..count-1 of a set.
     *
     * @param model its slice {@code i..i+1} is asked about image i
     * @param count 1..data.size()
     * @throws CancellationException if this thread is interrupted
     */
    public BitsPerDim measure(Denoiser model, VariationalBound bound, ImageSet data, int count) {
        int steps = bound.diffusion().steps();
        var batches = new Batches(batch, threads);
        var parts = new VariationalBound.Terms[Math.max(0, batches.of(count))]; // a wrong count is refused below
        var done = new AtomicLong();
        batches.over(
                data,
                count,
                (number, from, n) -> parts[number] = part(model, bound, data, from, n, _ -> {
                    if (Thread.currentThread().isInterrupted()) {
                        throw new CancellationException("interrupted while measuring bits per dimension");
                    }
                    synchronized (done) {
                        progress.steps(done.addAndGet(n), (long) steps * count);
                    }
                }),
                _ -> {});
        return summary(parts, bound, count);
    }

    private VariationalBound.Terms part(
            Denoiser model, VariationalBound bound, ImageSet data, int from, int n, VariationalBound.Steps steps) {
        int perImage = data.shape().bytes();
        var noise = Noise.seed(seed);
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            var x0 = Batches.images(data, from, n);
            return bound.of(
                    model.slice(from, from + n),
                    x0,
                    t -> {
                        var epsilon = new float[n * perImage];
                        int timestep = bound.diffusion().timestep(t);
                        for (int i = 0; i < n; i++) {
                            noise.normals(Noise.Domain.EVAL, from + i, timestep, epsilon, i * perImage, perImage);
                        }
                        return Tensor.of(epsilon, x0.shape());
                    },
                    steps);
        }
    }

    private static BitsPerDim summary(VariationalBound.Terms[] parts, VariationalBound bound, int count) {
        int steps = bound.diffusion().steps();
        var terms = new double[steps];
        var errors = new double[steps];
        double prior = 0;
        double sum = 0;
        double squares = 0;
        for (var part : parts) {
            for (double value : part.prior()) {
                prior += value / count;
            }
            for (double value : part.total()) {
                sum += value;
                squares += value * value;
            }
            for (int t = 0; t < steps; t++) {
                terms[t] += Arrays.stream(part.terms()[t]).sum() / count;
                errors[t] += Arrays.stream(part.squaredErrors()[t]).sum() / count;
            }
        }
        double mean = sum / count;
        double spread = (squares - count * mean * mean) / (count - 1.0); // 0 / 0 for one image
        return new BitsPerDim(
                count,
                mean,
                count < 2 ? Double.NaN : Math.sqrt(Math.max(0, spread) / count),
                prior,
                Arrays.stream(terms).boxed().toList(),
                Arrays.stream(errors).boxed().toList(),
                Arrays.stream(bound.diffusion().timesteps()).boxed().toList());
    }
}
