package ddpm.eval;

import ddpm.data.ImageSet;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.collective.Group;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Measures {@link BitsPerDim}: every image goes through every step of the chain once, with noise addressed by (seed,
 * image, t), so that neither batch size nor threads change what is measured.
 *
 * @param batch images in one forward pass, at least 1
 * @param threads cores, each with batches of its own, at least 1
 * @param device where the model lies
 * @param seed of the noise
 * @param progress takes the steps done, from one thread at a time
 * @param group whose ranks measure together, with equal results on all of them; each calls {@code measure} alike
 */
public record BitsPerDimMeter(int batch, int threads, Device device, long seed, Progress progress, Group group) {
    private static final int QUARTERS = 4;

    /** Takes how many network calls, counted by image, of how many are done. */
    @FunctionalInterface
    public interface Progress {
        void steps(long done, long of);
    }

    public BitsPerDimMeter {
        new Batches(batch, threads, device, group); // checks the numbers
    }

    /** A meter of this process alone. */
    public BitsPerDimMeter(int batch, int threads, Device device, long seed, Progress progress) {
        this(batch, threads, device, seed, progress, Group.ALONE);
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
        var batches = new Batches(batch, threads, device, group);
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
                        long whole = (long) steps * count;
                        progress.steps(Math.min(whole, done.addAndGet(n) * group.size()), whole);
                    }
                }),
                _ -> {});
        for (int number = 0; number < parts.length; number++) {
            parts[number] = joined(batches, parts[number], Math.min(count - number * batch, batch), steps);
        }
        return summary(parts, bound, count);
    }

    /** The terms of a batch on all ranks, of which one has measured them. */
    private static VariationalBound.Terms joined(Batches batches, VariationalBound.Terms own, int images, int steps) {
        if (batches.group().size() == 1) {
            return own;
        }
        var rows = new double[(2 * steps + 1) * images];
        if (own != null) {
            System.arraycopy(own.prior(), 0, rows, 2 * steps * images, images);
            for (int t = 0; t < steps; t++) {
                System.arraycopy(own.terms()[t], 0, rows, t * images, images);
                System.arraycopy(own.squaredErrors()[t], 0, rows, (steps + t) * images, images);
            }
        }
        var all = batches.joined(rows);
        IntFunction<double[]> row = i -> Arrays.copyOfRange(all, i * images, (i + 1) * images);
        return new VariationalBound.Terms(
                row.apply(2 * steps),
                IntStream.range(0, steps).mapToObj(row).toArray(double[][]::new),
                IntStream.range(steps, 2 * steps).mapToObj(row).toArray(double[][]::new));
    }

    /**
     * The estimates of x0 whose errors are the distortion at t, to be looked at: what a receiver has by then.
     *
     * @param count images 0..count-1 in one batch, 1..data.size()
     * @param t index of the bound's chain
     * @return {@code [count, C, H, W]} float32 in the current scope
     */
    public Tensor received(Denoiser model, VariationalBound bound, ImageSet data, int count, int t) {
        try (var scope = TensorScope.open();
                var _ = GradMode.off()) {
            var x0 = Batches.images(data, 0, count);
            var estimate = new X0Estimate(bound, device)
                    .of(model.slice(0, count), x0, noise(bound, data, 0, count, t), t)
                    .x0();
            var values = new float[estimate.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) estimate[i];
            }
            return scope.keep(Tensor.of(values, x0.shape()));
        }
    }

    private VariationalBound.Terms part(
            Denoiser model, VariationalBound bound, ImageSet data, int from, int n, VariationalBound.Steps steps) {
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            return bound.of(
                    model.slice(from, from + n),
                    Batches.images(data, from, n),
                    t -> noise(bound, data, from, n, t),
                    device,
                    steps);
        }
    }

    private Tensor noise(VariationalBound bound, ImageSet data, int from, int n, int t) {
        int perImage = data.shape().bytes();
        var epsilon = new float[n * perImage];
        for (int i = 0; i < n; i++) {
            Noise.seed(seed)
                    .normals(
                            Noise.Domain.EVAL,
                            from + i,
                            bound.diffusion().timestep(t),
                            epsilon,
                            i * perImage,
                            perImage);
        }
        return Tensor.of(epsilon, Shape.of(n, data.channels(), data.height(), data.width()));
    }

    private static BitsPerDim summary(VariationalBound.Terms[] parts, VariationalBound bound, int count) {
        int steps = bound.diffusion().steps();
        return new BitsPerDim(
                count,
                estimate(parts, VariationalBound.Terms::total),
                estimate(parts, VariationalBound.Terms::prior),
                IntStream.range(0, steps)
                        .mapToObj(t -> estimate(parts, part -> part.terms()[t]))
                        .toList(),
                quarters(parts, bound.diffusion()),
                IntStream.range(0, steps)
                        .mapToObj(t ->
                                estimate(parts, part -> part.squaredErrors()[t]).mean())
                        .toList(),
                Arrays.stream(bound.diffusion().timesteps()).boxed().toList());
    }

    private static List<BitsPerDim.Quarter> quarters(VariationalBound.Terms[] parts, Diffusion chain) {
        var quarters = new ArrayList<BitsPerDim.Quarter>();
        for (int quarter = 0; quarter < QUARTERS; quarter++) {
            int from = Math.max(1, (int) ((long) chain.steps() * quarter / QUARTERS));
            int to = (int) ((long) chain.steps() * (quarter + 1) / QUARTERS);
            if (from < to) {
                quarters.add(new BitsPerDim.Quarter(
                        chain.timestep(from), chain.timestep(to - 1), estimate(parts, part -> part.sum(from, to))));
            }
        }
        return quarters;
    }

    /** Of all images, which the parts hold one after another. */
    private static Estimate estimate(
            VariationalBound.Terms[] parts, Function<VariationalBound.Terms, double[]> values) {
        return Estimate.of(
                Arrays.stream(parts).map(values).flatMapToDouble(Arrays::stream).toArray());
    }
}
