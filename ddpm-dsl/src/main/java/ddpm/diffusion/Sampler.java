package ddpm.diffusion;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Draws images by running the reverse process from noise, Algorithm 2 of Ho et al. 2020 and its relatives.
 *
 * <pre>{@code
 * var sampler = Sampler.ancestral(diffusion, Variance.FIXED_LARGE);
 * Tensor images = sampler.sample(unet::forward, Shape.of(16, 3, 32, 32), Noise.seed(7));
 * }</pre>
 *
 * <p>On a CPU the batch is cut into one slice per thread, and each slice goes through all steps on a core of its own:
 * small operators gain little from two threads, whole steps gain everything. All noise is addressed by (seed, image,
 * step), so an image does not depend on its batch or slice, beyond the rounding of kernels chosen by size.
 *
 * @param diffusion the chain that is walked, respaced or not
 * @param table coefficients of its steps
 * @param clip whether x0 estimates are clipped
 * @param threads cores to use on a CPU, at least 1
 * @param firstImage the index of the first image, so that images 100..109 of a seed can be had alone
 * @param trajectory how many states of the chain to keep, evenly spaced and the last among them; 0 for none
 * @param progress hears of finished steps
 */
public record Sampler(
        Diffusion diffusion,
        ReverseTable table,
        Clip clip,
        int threads,
        long firstImage,
        int trajectory,
        Progress progress) {

    /** Hears from sampling threads, one call at a time. */
    @FunctionalInterface
    public interface Progress {
        /**
         * @param done steps done by all slices together
         * @param of steps in all; {@code done == of} is the end
         */
        void steps(long done, long of);
    }

    /**
     * @param images x_0, {@code [B, C, H, W]} float32, in the caller's scope; not clipped
     * @param trajectory states x_t from noisy to clean, each like images
     */
    public record Samples(Tensor images, List<Tensor> trajectory) {}

    public Sampler {
        Objects.requireNonNull(progress, "progress");
        if (table.steps() != diffusion.steps()) {
            throw new IllegalArgumentException(
                    "a table of " + table.steps() + " steps for a chain of " + diffusion.steps());
        }
        if (threads < 1 || firstImage < 0 || trajectory < 0) {
            throw new IllegalArgumentException("threads " + threads + " (at least 1), first image " + firstImage
                    + " and trajectory " + trajectory + " (at least 0)");
        }
    }

    private static Sampler of(Diffusion diffusion, ReverseTable table, Clip clip) {
        return new Sampler(
                diffusion, table, clip, Runtime.getRuntime().availableProcessors(), 0, 0, (_, _) -> {});
    }

    /** The paper's sampler for an epsilon model: ancestral, x0 clipped. */
    public static Sampler ancestral(Diffusion diffusion, Variance variance) {
        return of(diffusion, ReverseTable.ancestral(diffusion, Prediction.EPSILON, variance), Clip.X0);
    }

    /** The notebook's sampler: ancestral, the posterior's variance, nothing clipped. */
    public static Sampler notebook(Diffusion diffusion) {
        return ancestral(diffusion, Variance.FIXED_SMALL).withClip(Clip.NONE);
    }

    /** DDIM for an epsilon model (Song et al. 2021), x0 clipped; {@code eta} 0 is deterministic given x_T. */
    public static Sampler ddim(Diffusion diffusion, double eta) {
        return of(diffusion, ReverseTable.ddim(diffusion, Prediction.EPSILON, eta), Clip.X0);
    }

    /** DPM-Solver++(2M) for an epsilon model (Lu et al. 2022), x0 clipped; deterministic given x_T. */
    public static Sampler dpmSolver(Diffusion diffusion) {
        return of(diffusion, ReverseTable.dpmSolver(diffusion, Prediction.EPSILON), Clip.X0);
    }

    public Sampler withTable(ReverseTable newTable) {
        return new Sampler(diffusion, newTable, clip, threads, firstImage, trajectory, progress);
    }

    public Sampler withClip(Clip newClip) {
        return new Sampler(diffusion, table, newClip, threads, firstImage, trajectory, progress);
    }

    public Sampler withThreads(int newThreads) {
        return new Sampler(diffusion, table, clip, newThreads, firstImage, trajectory, progress);
    }

    public Sampler withFirstImage(long newFirst) {
        return new Sampler(diffusion, table, clip, threads, newFirst, trajectory, progress);
    }

    public Sampler withTrajectory(int frames) {
        return new Sampler(diffusion, table, clip, threads, firstImage, frames, progress);
    }

    public Sampler withProgress(Progress newProgress) {
        return new Sampler(diffusion, table, clip, threads, firstImage, trajectory, newProgress);
    }

    /**
     * Draws {@code shape.size(0)} images on the CPU.
     *
     * @param shape {@code [B, C, H, W]}
     * @return {@code shape} float32, in the current scope, not clipped
     * @throws java.util.concurrent.CancellationException if this thread is interrupted; no image is returned then
     */
    public Tensor sample(Denoiser model, Shape shape, Noise noise) {
        return sample(model, shape, noise, Device.CPU).images();
    }

    /** The same on any device, with the states asked for by {@link #withTrajectory}. */
    public Samples sample(Denoiser model, Shape shape, Noise noise, Device device) {
        if (shape.rank() != 4 || shape.size(0) < 1) {
            throw new IllegalArgumentException("samples have a shape [B, C, H, W] with B at least 1, not " + shape);
        }
        int batch = Math.toIntExact(shape.size(0));
        int slices = device.kind() == Device.Kind.CPU ? Math.min(threads, batch) : 1;
        var steps = new StepCount((long) diffusion.steps() * slices, progress);
        try (var workers = new Workers(slices, Math.max(1, threads / slices))) {
            return join(
                    workers.run(slice -> {
                        int from = (int) ((long) batch * slice / slices);
                        int to = (int) ((long) batch * (slice + 1) / slices);
                        var part = shape.with(0, to - from);
                        return new Chain(this, model, part, noise, firstImage + from, device).run(steps);
                    }),
                    shape);
        }
    }

    /** Puts the slices' arrays together, frame by frame; the last frame is the images. */
    private static Samples join(List<List<float[]>> parts, Shape shape) {
        var frames = new ArrayList<Tensor>();
        for (int frame = 0; frame < parts.getFirst().size(); frame++) {
            var whole = Tensor.empty(shape, DType.FLOAT32, Device.CPU);
            long at = 0;
            for (var part : parts) {
                var values = part.get(frame);
                whole.set(at, values, 0, values.length);
                at += values.length;
            }
            frames.add(whole);
        }
        return new Samples(frames.removeLast(), List.copyOf(frames));
    }

    /** One slice on its way from x_T to x_0. */
    private record Chain(Sampler sampler, Denoiser model, Shape shape, Noise noise, long firstImage, Device device) {
        List<float[]> run(StepCount count) {
            var frames = new ArrayList<float[]>();
            int steps = sampler.diffusion.steps();
            try (var _ = GradMode.off();
                    var _ = TensorScope.open()) {
                var step = new ReverseStep(sampler.table, sampler.clip, shape, device);
                var timesteps = Tensor.of(timesteps(), Shape.of(steps)).on(device);
                var x = normals(Noise.Domain.INITIAL, 0).on(device);
                for (int i = steps - 1; i >= 0; i--) {
                    count.checkCancelled();
                    try (var inner = TensorScope.open()) {
                        var index = Tensor.of(new long[] {i}, Shape.of(1)).on(device); // one for the whole slice
                        var t = Ops.indexSelect(timesteps, 0, index);
                        var z = sampler.table.sigma().at(i) == 0 // 0 times noise is 0: it need not be drawn
                                ? Tensor.zeros(shape, DType.FLOAT32, device)
                                : normals(Noise.Domain.REVERSE, i).on(device);
                        var next = step.apply(x, model.predict(x, t), index, z);
                        x.close();
                        x = inner.keep(next.contiguous());
                    }
                    if (isFrame(steps - 1 - i, steps)) {
                        frames.add(x.toFloats());
                    }
                    count.one();
                }
                frames.add(x.toFloats());
            }
            return frames;
        }

        private boolean isFrame(int done, int steps) {
            int frames = Math.min(sampler.trajectory, steps);
            // Frame k stands after step round((k + 1) steps / frames) - 1, so the last is the end of the chain.
            return frames > 0 && (long) (done + 1) * frames / steps > (long) done * frames / steps;
        }

        private long[] timesteps() {
            var timesteps = sampler.diffusion.timesteps();
            var longs = new long[timesteps.length];
            for (int i = 0; i < longs.length; i++) {
                longs[i] = timesteps[i];
            }
            return longs;
        }

        private Tensor normals(Noise.Domain domain, int step) {
            int perImage = Math.toIntExact(shape.numel() / shape.size(0));
            var values = new float[Math.toIntExact(shape.numel())];
            for (int image = 0; image < shape.size(0); image++) {
                noise.normals(domain, firstImage + image, step, values, image * perImage, perImage);
            }
            return Tensor.of(values, shape);
        }
    }
}
