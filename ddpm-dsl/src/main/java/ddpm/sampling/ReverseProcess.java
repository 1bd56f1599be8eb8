package ddpm.sampling;

import ddpm.diffusion.Denoiser;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.LongStream;

/**
 * The reverse process of one slice of a batch, algorithm 2 of Ho et al. 2020:
 *
 * <pre>{@code
 * for index = T-1, .., 0:
 *     z ~ N(0, I)                              // StepNoise
 *     x_{t-1} = solver's step(x_t, index, z)   // ReverseStep, by the coefficients of ReverseTable
 * }</pre>
 *
 * <p>All state lies in fixed memory on the device, x, the index, the tables and the noise, and {@link #step} asks the host
 * for nothing: {@link #run} makes it step by step on any device, and {@link GraphLoop} records it and launches the recording.
 * Inversion is the same loop upward, and inpainting puts known pixels back after each step and goes over stretches again.
 */
final class ReverseProcess {
    private final Sampler sampler;
    private final Route route;
    private final StepNoise noise;
    private final Chain chain;
    private final Solver.Step solver;
    private final Tensor x;
    private final Tensor index;
    private final Tensor indexBelow;
    private final Tensor estimate;
    private final Optional<Inpainting> inpainting;

    /** All memory belongs to the current scope. */
    ReverseProcess(Sampler sampler, Route route, Denoiser model, Shape shape, StepNoise noise, Device device) {
        this(sampler, route, model, shape, noise, device, Optional.empty());
    }

    /** @param inpainting for {@link #run} alone: with it the walk also goes back up */
    ReverseProcess(
            Sampler sampler,
            Route route,
            Denoiser model,
            Shape shape,
            StepNoise noise,
            Device device,
            Optional<Inpainting> inpainting) {
        this.inpainting = inpainting;
        this.sampler = sampler;
        this.route = route;
        this.noise = noise;
        boolean estimates = sampler.showsEstimates() || sampler.hook().isPresent();
        chain = new Chain(sampler, estimates, model, shape, device, route::asked);
        solver = sampler.solver().on(chain);
        x = Tensor.zeros(shape, DType.FLOAT32, device);
        index = Tensor.of(new long[] {0}, Shape.of(1)).on(device);
        int steps = sampler.diffusion().steps();
        indexBelow = Tensor.of(LongStream.range(-1, steps - 1).toArray(), Shape.of(steps))
                .on(device);
        estimate = estimates ? Tensor.zeros(shape, DType.FLOAT32, device) : null;
        noise.reserve(1);
    }

    /** Sets x_t and the index of the route's first step. */
    void start(float[] xt) {
        try (var _ = TensorScope.open()) {
            x.copyFrom(Tensor.of(xt, x.shape()));
            index.fill(route.first());
        }
    }

    /**
     * Walks the route step by step from where {@link #start} put it.
     *
     * @param firstImage the index of the first image, for the sampler's hook
     * @return the frames asked for and then x at the end, as arrays that no scope owns
     */
    List<float[]> run(long firstImage, StepCount count) {
        var frames = new ArrayList<float[]>();
        for (int k = 0; k < route.steps(); k++) {
            int i = route.index(k);
            made(i, 0, firstImage, count);
            if (inpainting.isPresent()) {
                resample(i, firstImage, count);
            }
            if (sampler.isFrame(k, route.steps())) {
                frames.add(frame());
            }
        }
        frames.add(x());
        return frames;
    }

    /** @param pass how often the step at this index was made before */
    private void made(int i, int pass, long firstImage, StepCount count) {
        count.checkCancelled();
        index.fill(i);
        noise.prepare(i, 1, inpainting.map(known -> known.offset(pass)).orElse(0), solver);
        step(0);
        changeByHook(i, firstImage);
        inpainting.ifPresent(known -> change(() -> known.putBack(x, i, pass)));
        count.add(1);
    }

    /** Goes back up and down again, as often as RePaint does after the step at this index (its algorithm 1). */
    private void resample(int i, long firstImage, StepCount count) {
        var painting = inpainting.orElseThrow();
        int top = i - 1 + painting.known().jumpLength();
        for (int pass = 1; pass < painting.known().passes(i, route); pass++) {
            int again = pass;
            for (int up = i; up <= top; up++) {
                int to = up;
                change(() -> painting.upward(x, to, again));
            }
            for (int down = top; down >= i; down--) {
                made(down, again, firstImage, count);
            }
        }
    }

    private void change(Supplier<Tensor> changed) {
        try (var _ = TensorScope.open()) {
            x.copyFrom(changed.get());
        }
    }

    /**
     * Makes one step, run or recorded: x becomes x_{t-1}.
     *
     * @param place of the step in its launch, for its noise
     */
    void step(int place) {
        try (var _ = TensorScope.open()) {
            x.copyFrom(solver.apply(x, index, noise.z(place, index)));
            if (estimate != null) {
                estimate.copyFrom(chain.estimate());
            }
        }
    }

    private void changeByHook(int step, long firstImage) {
        if (sampler.hook().isEmpty()) {
            return;
        }
        try (var _ = TensorScope.open()) {
            var changed = sampler.hook().get().after(new Sampler.Step(step, x, estimate, firstImage));
            if (!changed.shape().equals(x.shape())) {
                throw new IllegalArgumentException("the hook after step " + step + " returned " + changed.shape()
                        + " for a slice of shape " + x.shape() + "; return an x of that shape");
            }
            if (changed != x) {
                x.copyFrom(changed);
            }
        }
    }

    /** Prepares the noise of steps {@code first, first - 1, ..}. */
    void prepareNoise(int first, int steps) {
        noise.prepare(first, steps, 0, solver);
    }

    /** Takes the index a step down by libtorch's operators: by a table, for its subtraction of integers has no call. */
    void stepDown(Tensor counter) {
        try (var _ = TensorScope.open()) {
            counter.copyFrom(Ops.indexSelect(indexBelow, 0, counter));
        }
    }

    /** A frame's pixels as the sampler shows them, waiting for the device. */
    float[] frame() {
        return (sampler.showsEstimates() ? estimate : x).toFloats();
    }

    /** x, waiting for the device. */
    float[] x() {
        return x.toFloats();
    }

    /** The index on the device: the next step's, -1 after the last. */
    Tensor index() {
        return index;
    }

    Route route() {
        return route;
    }

    StepNoise noise() {
        return noise;
    }
}
