package ddpm.sampling;

import ddpm.diffusion.Clip;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Draws images by running the reverse process from noise, Algorithm 2 of Ho et al. 2020 and its relatives.
 *
 * <pre>{@code
 * var sampler = new Sampler(diffusion, new Solver.Ancestral(Variance.FIXED_LARGE), Clip.X0);
 * Tensor images = sampler.sample(unet::forward, Shape.of(16, 3, 32, 32), Noise.seed(7));
 * }</pre>
 *
 * <p>On a CUDA device the whole batch walks as one, by launches of recorded steps ({@link GraphSteps}); the same images
 * come out as step by step. On a CPU the batch is cut into one slice per thread, and each slice goes through all steps on a
 * core of its own: small operators gain little from two threads, whole steps gain everything. All noise is addressed by
 * (seed, image, step), so an image does not depend on its batch or slice, beyond the rounding of kernels chosen by size.
 *
 * @param diffusion the chain that is walked, respaced or not
 * @param prediction the meaning of the model's output
 * @param solver the method of each step
 * @param clip whether x0 estimates are clipped
 * @param threads cores to use on a CPU, at least 1
 * @param firstImage the index of the first image, so that images 100..109 of a seed can be had alone
 * @param trajectory how many frames of the chain to keep, evenly spaced and the last among them; 0 for none
 * @param frames what a frame shows
 * @param graphSteps how many steps one launch makes on a CUDA device
 * @param progress takes the number of finished steps
 * @param hook changes x after each step; steps then run one by one on a CUDA device too
 * @param known pixels that are given, see {@link #withKnown}; steps then run one by one as well
 */
public record Sampler(
        Diffusion diffusion,
        Prediction prediction,
        Solver solver,
        Clip clip,
        int threads,
        long firstImage,
        int trajectory,
        Frames frames,
        GraphSteps graphSteps,
        Progress progress,
        Optional<Hook> hook,
        Optional<Known> known) {

    /**
     * Changes x after a step, for example to put known pixels back (inpainting) or to follow a gradient (guidance). Each slice
     * of a batch calls it on a thread of its own.
     */
    @FunctionalInterface
    public interface Hook {
        /**
         * Returns the x to go on with.
         *
         * @param step the step that was made
         * @return like {@code step.x()}: that tensor itself to change nothing
         */
        Tensor after(Step step);
    }

    /**
     * A step that was made.
     *
     * @param index of the step in the chain, T-1 to 0
     * @param x x_{t-1}, {@code [B, C, H, W]} of the slice; x_0 at index 0
     * @param x0 the estimate of x_0 that led there, clipped if the sampler clips
     * @param firstImage the index of the slice's first image, for {@link ddpm.diffusion.Noise}
     */
    public record Step(int index, Tensor x, Tensor x0, long firstImage) {}

    /** The content of a trajectory's frames. */
    public enum Frames {
        /** The states x_t, from noisy to clean. */
        XT,
        /** The model's estimates of x0 on the way: the paper's progressive generation (Fig. 6). */
        X0
    }

    /** The noise of a batch's images. */
    public enum Addresses {
        /** Each has its own: image k of the batch that of index firstImage + k. */
        EACH,
        /** All have that of index firstImage, so that they differ only as their starts do. */
        SHARED
    }

    /** Takes news from the sampling threads, one call at a time. */
    @FunctionalInterface
    public interface Progress {
        /**
         * Takes the number of finished steps.
         *
         * @param done steps done by all slices together
         * @param of steps in all; {@code done == of} is the end
         */
        void steps(long done, long of);

        /** Takes one line for the user, such as why something asked for is done otherwise. */
        default void note(String line) {}
    }

    /**
     * Images that were drawn.
     *
     * @param images x_0, {@code [B, C, H, W]} float32, in the caller's scope; not clipped
     * @param trajectory the frames asked for, in order, each like images
     */
    public record Samples(Tensor images, List<Tensor> trajectory) {}

    /** Checks the numbers. */
    public Sampler {
        Objects.requireNonNull(diffusion, "diffusion");
        Objects.requireNonNull(prediction, "prediction");
        Objects.requireNonNull(solver, "solver");
        Objects.requireNonNull(clip, "clip");
        Objects.requireNonNull(progress, "progress");
        Objects.requireNonNull(graphSteps, "graphSteps");
        if (threads < 1 || firstImage < 0 || trajectory < 0) {
            throw new IllegalArgumentException("threads " + threads + " (at least 1), first image " + firstImage
                    + " and trajectory " + trajectory + " (at least 0)");
        }
        known.ifPresent(pixels -> pixels.requireOn(diffusion, solver));
    }

    /** A sampler on all cores, of images from index 0. */
    public Sampler(Diffusion diffusion, Prediction prediction, Solver solver, Clip clip) {
        this(
                diffusion,
                prediction,
                solver,
                clip,
                Runtime.getRuntime().availableProcessors(),
                0,
                0,
                Frames.XT,
                GraphSteps.AUTO,
                (_, _) -> {},
                Optional.empty(),
                Optional.empty());
    }

    /** A sampler for a model that predicts epsilon. */
    public Sampler(Diffusion diffusion, Solver solver, Clip clip) {
        this(diffusion, Prediction.EPSILON, solver, clip);
    }

    /** The paper's sampler for an epsilon model: ancestral, x0 clipped. */
    public static Sampler ancestral(Diffusion diffusion, Variance variance) {
        return new Sampler(diffusion, new Solver.Ancestral(variance), Clip.X0);
    }

    /** The notebook's sampler: ancestral, the posterior's variance, nothing clipped. */
    public static Sampler notebook(Diffusion diffusion) {
        return new Sampler(diffusion, new Solver.Ancestral(Variance.FIXED_SMALL), Clip.NONE);
    }

    /** DDIM for an epsilon model (Song et al. 2021), x0 clipped; {@code eta} 0 is deterministic given x_T. */
    public static Sampler ddim(Diffusion diffusion, double eta) {
        return new Sampler(diffusion, new Solver.Ddim(eta), Clip.X0);
    }

    /** DPM-Solver++(2M) for an epsilon model (Lu et al. 2022), x0 clipped; deterministic given x_T. */
    public static Sampler dpmSolver(Diffusion diffusion) {
        return new Sampler(diffusion, new Solver.DpmSolver(), Clip.X0);
    }

    /** This sampler for a model whose output means something else. */
    public Sampler withPrediction(Prediction newPrediction) {
        return with(draft -> draft.prediction = newPrediction);
    }

    /** This sampler with another solver. */
    public Sampler withSolver(Solver newSolver) {
        return with(draft -> draft.solver = newSolver);
    }

    /** This sampler with x0 estimates clipped or not. */
    public Sampler withClip(Clip newClip) {
        return with(draft -> draft.clip = newClip);
    }

    /** This sampler on so many cores. */
    public Sampler withThreads(int newThreads) {
        return with(draft -> draft.threads = newThreads);
    }

    /** This sampler of images from another index. */
    public Sampler withFirstImage(long newFirst) {
        return with(draft -> draft.firstImage = newFirst);
    }

    /** This sampler with so many frames kept. */
    public Sampler withTrajectory(int newTrajectory, Frames newFrames) {
        return with(draft -> {
            draft.trajectory = newTrajectory;
            draft.frames = newFrames;
        });
    }

    /** This sampler with another number of steps per launch. */
    public Sampler withGraphSteps(GraphSteps newSteps) {
        return with(draft -> draft.graphSteps = newSteps);
    }

    /** This sampler with another receiver of its progress. */
    public Sampler withProgress(Progress newProgress) {
        return with(draft -> draft.progress = newProgress);
    }

    /** This sampler with a hook after each step. */
    public Sampler withStep(Hook newHook) {
        return with(draft -> draft.hook = Optional.of(newHook));
    }

    /**
     * This sampler as one that draws the unknown pixels of images to the known ones (RePaint, see {@link Known}).
     *
     * <pre>{@code
     * Tensor lower = sampler.withKnown(image, mask, 10, 10).sample(unet::forward, image.shape(), Noise.seed(7));
     * }</pre>
     *
     * @param images {@code [1, C, H, W]} for all images of a batch, or {@code [B, C, H, W]}, in [-1, 1]; copied. Known pixels
     *     are in the result bit for bit
     * @param mask 1 where a pixel is known, else 0: like images, or with 1 in the place of B or C
     * @param jumpLength steps back up at a time; the paper has 10
     * @param resamplings how often each stretch of so many steps is made; the paper has 10, and 1 never jumps
     * @throws IllegalArgumentException for other shapes, other numbers in the mask, jumps as long as the chain, or with
     *     jumps a solver that {@linkplain Solver#looksBack looks back}
     */
    public Sampler withKnown(Tensor images, Tensor mask, int jumpLength, int resamplings) {
        return withKnown(
                Known.of(images.toFloats(), images.shape(), mask.toFloats(), mask.shape(), jumpLength, resamplings));
    }

    /** This sampler as one that draws to known pixels. */
    public Sampler withKnown(Known newKnown) {
        return with(draft -> draft.known = Optional.of(newKnown));
    }

    /**
     * The single steps of this sampler, for a loop of your own: {@link Steps#step} as often and in such order as you like.
     * The hook and known pixels are not theirs: such a loop changes x itself.
     *
     * <pre>{@code
     * try (var scope = TensorScope.open()) {
     *     var steps = sampler.steps(model, shape, Device.CPU);
     *     Tensor x = noise.normal(Noise.Domain.INITIAL, 0, 0, shape);
     *     for (int i = sampler.diffusion().steps() - 1; i >= 0; i--) {
     *         x = steps.step(x, i, noise.normal(Noise.Domain.REVERSE, 0, i, shape));
     *     }
     * }
     * }</pre>
     *
     * @param shape of x, {@code [B, C, H, W]}
     * @return steps whose tables belong to the current scope
     */
    public Steps steps(Denoiser model, Shape shape, Device device) {
        return new Steps(this, model, shape, device);
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

    /** Draws images on any device, see {@link #sample(Denoiser, Shape, Noise)}, with the frames of {@link #withTrajectory}. */
    public Samples sample(Denoiser model, Shape shape, Noise noise, Device device) {
        if (shape.rank() != 4 || shape.size(0) < 1) {
            throw new IllegalArgumentException("samples have a shape [B, C, H, W] with B at least 1, not " + shape);
        }
        return walk(model, null, Route.down(diffusion.steps() - 1, 0), shape, noise, Addresses.EACH, device);
    }

    /**
     * Walks from given states down to images: the second half of interpolation (Fig. 8), of shared latents (Fig. 7) and of
     * denoising a picture.
     *
     * @param xt x_t, {@code [B, C, H, W]} float32 in any scope
     * @param step t, as an index of this chain: steps t, t-1, .., 0 are walked
     * @param addresses whether the images share the noise of the way down
     */
    public Samples denoise(Denoiser model, Tensor xt, int step, Noise noise, Addresses addresses, Device device) {
        if (xt.shape().rank() != 4 || xt.shape().size(0) < 1 || step < 0 || step >= diffusion.steps()) {
            throw new IllegalArgumentException("denoising x_t of shape " + xt.shape() + " from step " + step
                    + ": [B, C, H, W] and a step of 0.." + (diffusion.steps() - 1) + " are needed");
        }
        return walk(model, xt.toFloats(), Route.down(step, 0), xt.shape(), noise, addresses, device);
    }

    /**
     * Walks from noise as {@link #sample} does and stops at the state that {@link #denoise} goes on from.
     *
     * @param shape {@code [B, C, H, W]}
     * @param step t, as an index of this chain: steps T-1, .., t+1 are walked, none for T-1
     * @return x_t, {@code shape} float32 in the current scope
     */
    public Tensor latent(Denoiser model, Shape shape, Noise noise, int step, Device device) {
        if (shape.rank() != 4 || shape.size(0) < 1 || step < 0 || step >= diffusion.steps()) {
            throw new IllegalArgumentException("the state x_t of shape " + shape + " at step " + step
                    + ": [B, C, H, W] and a step of 0.." + (diffusion.steps() - 1) + " are needed");
        }
        var route = Route.down(diffusion.steps() - 1, step + 1);
        return withTrajectory(0, frames)
                .walk(model, null, route, shape, noise, Addresses.EACH, device)
                .images();
    }

    /** @param start where the route begins, row-major; null for x_T from noise */
    Samples walk(
            Denoiser model, float[] start, Route route, Shape shape, Noise noise, Addresses addresses, Device device) {
        int batch = Math.toIntExact(shape.size(0));
        int perImage = Math.toIntExact(shape.numel() / batch);
        known.ifPresent(pixels -> pixels.requireFor(shape));
        boolean recorded = device.kind() == Device.Kind.CUDA
                && graphSteps.kind() != GraphSteps.Kind.NONE
                && hook.isEmpty()
                && known.isEmpty();
        long steps = known.map(pixels -> pixels.steps(route)).orElse((long) route.steps());
        try (var workers = Workers.forBatch(device, threads, batch)) {
            var count = new StepCount(steps * workers.count(), progress);
            var slices = workers.run(batch, (_, from, to) -> {
                long image = addresses == Addresses.SHARED ? firstImage : firstImage + from;
                var drawn = new BatchNoise(noise, shape.with(0, to - from), addresses, image);
                var x = start == null
                        ? drawn.normals(Noise.Domain.INITIAL, 0)
                        : Arrays.copyOfRange(start, from * perImage, to * perImage);
                try (var _ = GradMode.off();
                        var _ = TensorScope.open()) {
                    var slice = model.slice(from, to);
                    if (recorded) {
                        return new GraphWalk(this, route, slice, drawn, device).run(x, count);
                    }
                    var z = new NoiseTape(drawn, device);
                    var painting = known.map(pixels -> new Inpainting(pixels, diffusion, drawn, from, device));
                    var process = new ReverseProcess(this, route, slice, drawn.shape(), z, device, painting);
                    process.start(x);
                    return process.run(image, count);
                } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                    throw to - from == batch ? e : ofSlice(e, from, to, batch);
                }
            });
            return join(slices, shape);
        }
    }

    private static RuntimeException ofSlice(RuntimeException e, int from, int to, int batch) {
        return new IllegalArgumentException(
                e.getMessage() + " (on the slice of images " + from + ".." + (to - 1) + " of " + batch
                        + ", one slice for each thread: a model that holds something for each image overrides"
                        + " Denoiser.slice, or draws withThreads(1))",
                e);
    }

    /** Whether the frames are estimates of x0. */
    boolean showsEstimates() {
        return trajectory > 0 && frames == Frames.X0;
    }

    /** Frame k stands after step round((k + 1) steps / frames) - 1, so the last is the end of the chain. */
    boolean isFrame(int done, int steps) {
        int count = Math.min(trajectory, steps);
        return count > 0 && (long) (done + 1) * count / steps > (long) done * count / steps;
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

    private Sampler with(Consumer<Draft> change) {
        var draft = new Draft(this);
        change.accept(draft);
        return draft.done();
    }

    /** The values one by one, so that a change names only what it changes. */
    private static final class Draft {
        Diffusion diffusion;
        Prediction prediction;
        Solver solver;
        Clip clip;
        int threads;
        long firstImage;
        int trajectory;
        Frames frames;
        GraphSteps graphSteps;
        Progress progress;
        Optional<Hook> hook;
        Optional<Known> known;

        Draft(Sampler sampler) {
            diffusion = sampler.diffusion;
            prediction = sampler.prediction;
            solver = sampler.solver;
            clip = sampler.clip;
            threads = sampler.threads;
            firstImage = sampler.firstImage;
            trajectory = sampler.trajectory;
            frames = sampler.frames;
            graphSteps = sampler.graphSteps;
            progress = sampler.progress;
            hook = sampler.hook;
            known = sampler.known;
        }

        Sampler done() {
            return new Sampler(
                    diffusion,
                    prediction,
                    solver,
                    clip,
                    threads,
                    firstImage,
                    trajectory,
                    frames,
                    graphSteps,
                    progress,
                    hook,
                    known);
        }
    }
}
