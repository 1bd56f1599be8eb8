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
 * Inversion is the same loop upward.
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

    /** All memory belongs to the current scope. */
    ReverseProcess(Sampler sampler, Route route, Denoiser model, Shape shape, StepNoise noise, Device device) {
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
            count.checkCancelled();
            index.fill(route.index(k));
            prepareNoise(route.index(k), 1);
            step(0);
            changeByHook(route.index(k), firstImage);
            if (sampler.isFrame(k, route.steps())) {
                frames.add(frame());
            }
            count.add(1);
        }
        frames.add(x());
        return frames;
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
        noise.prepare(first, steps, solver);
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
