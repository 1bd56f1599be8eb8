package ddpm.sampling;

import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.function.Consumer;
import java.util.stream.LongStream;

/**
 * The reverse process as a program that can be recorded: its state lies in fixed memory on the device, x, the counter of
 * steps, the tables and the noise, and a step reads it, changes it and asks the host for nothing.
 *
 * <p>Run step by step on a CPU it gives the bits of {@link ReverseChain}.
 */
final class StepProgram {
    private final Denoiser model;
    private final StepNoise noise;
    private final ReverseStep step;
    private final Tensor timesteps;
    private final Tensor x;
    private final Tensor index;
    private final Tensor stepBelow;
    private final Tensor estimate;

    /** All memory belongs to the current scope. */
    StepProgram(Sampler sampler, Denoiser model, Shape shape, StepNoise noise, Device device) {
        this.model = model;
        this.noise = noise;
        boolean estimates = sampler.wantsEstimates();
        step = new ReverseStep(sampler.table(), sampler.clip(), estimates, shape, device);
        timesteps = timesteps(sampler.diffusion(), device);
        x = Tensor.zeros(shape, DType.FLOAT32, device);
        index = Tensor.of(new long[] {0}, Shape.of(1)).on(device);
        stepBelow = Tensor.of(LongStream.range(-1, sampler.table().steps() - 1).toArray(), timesteps.shape())
                .on(device);
        estimate = estimates ? Tensor.zeros(shape, DType.FLOAT32, device) : null;
    }

    /** The timestep that the model is told, by index of the chain. */
    static Tensor timesteps(Diffusion diffusion, Device device) {
        var timesteps = diffusion.timesteps();
        var longs = new long[timesteps.length];
        for (int i = 0; i < longs.length; i++) {
            longs[i] = timesteps[i];
        }
        return Tensor.of(longs, Shape.of(longs.length)).on(device);
    }

    /** Sets x_t and t. */
    void start(float[] xt, int first) {
        try (var _ = TensorScope.open()) {
            x.copyFrom(Tensor.of(xt, x.shape()));
            index.fill(first);
        }
    }

    StepNoise noise() {
        return noise;
    }

    /**
     * One step, run or recorded: x becomes x_{t-1}.
     *
     * @param place of the step in its launch
     * @param advance takes the counter a step down
     */
    void step(int place, Consumer<Tensor> advance) {
        try (var _ = TensorScope.open()) {
            var z = noise.z(place, index);
            var t = Ops.indexSelect(timesteps, 0, index);
            var next = step.apply(x, model.predict(x, t), index, z);
            x.copyFrom(next);
            if (estimate != null) {
                estimate.copyFrom(step.estimate());
            }
            advance.accept(index);
        }
    }

    /** Takes the counter a step down by libtorch's operators: by a table, for its subtraction of integers has no call. */
    void stepDown(Tensor counter) {
        counter.copyFrom(Ops.indexSelect(stepBelow, 0, counter));
    }

    /** What a frame shows, waiting for the device. */
    float[] frame() {
        return (estimate != null ? estimate : x).toFloats();
    }

    /** x, waiting for the device. */
    float[] x() {
        return x.toFloats();
    }

    /** The counter on the device: the next step's t, -1 after the last. */
    Tensor index() {
        return index;
    }
}
