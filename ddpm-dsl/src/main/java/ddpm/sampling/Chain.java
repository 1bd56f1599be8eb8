package ddpm.sampling;

import ddpm.diffusion.Clip;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.DeviceTable;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.ModelOutput;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Table;
import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * A model on a chain of timesteps, as a {@link Solver} asks it. Everything is looked up by a tensor with the step's index,
 * so that nothing here branches on t. Tables belong to the scope that the chain is made in.
 */
public final class Chain {
    private final Diffusion diffusion;
    private final Prediction prediction;
    private final Clip clip;
    private final boolean estimates;
    private final Denoiser model;
    private final Shape shape;
    private final Device device;
    private final Tensor timesteps;
    private final DeviceTable x0FromX;
    private final DeviceTable x0FromOutput;
    private Tensor estimate;

    /**
     * @param estimates whether {@link #estimate()} will be asked for after each step
     * @param asked the index of the diffusion's timestep at which the model is asked, by the step's index
     */
    Chain(Sampler sampler, boolean estimates, Denoiser model, Shape shape, Device device, IntUnaryOperator asked) {
        this.diffusion = sampler.diffusion();
        this.prediction = sampler.prediction();
        this.clip = sampler.clip();
        this.estimates = estimates;
        this.model = model;
        this.shape = shape;
        this.device = device;
        int steps = diffusion.steps();
        var at = IntStream.range(0, steps).map(asked).toArray();
        timesteps = Tensor.of(
                        Arrays.stream(at)
                                .map(diffusion::timestep)
                                .asLongStream()
                                .toArray(),
                        Shape.of(steps))
                .on(device);
        var fromX = prediction.x0FromX(diffusion);
        var fromOutput = prediction.x0FromOutput(diffusion);
        x0FromX = table(Table.of(steps, i -> fromX.at(at[i])));
        x0FromOutput = table(Table.of(steps, i -> fromOutput.at(at[i])));
    }

    /** The diffusion whose steps are walked, respaced or not. */
    public Diffusion diffusion() {
        return diffusion;
    }

    /** The meaning of the model's output. */
    public Prediction prediction() {
        return prediction;
    }

    /** The shape of x_t, {@code [B, C, H, W]}. */
    public Shape shape() {
        return shape;
    }

    /** The device of x_t. */
    public Device device() {
        return device;
    }

    /** A table's values on the chain's device, to be looked up by the step's index. */
    public DeviceTable table(Table table) {
        return new DeviceTable(table, device);
    }

    /**
     * Asks the model about x_t.
     *
     * @param xt {@code [B, C, H, W]}
     * @param index of the step, int64 {@code [1]}
     * @return the model's output at the step's timestep, {@code [B, C, H, W]} or with a learned variance {@code [B, 2C, H, W]}
     */
    public Tensor output(Tensor xt, Tensor index) {
        return model.predict(xt, Ops.indexSelect(timesteps, 0, index));
    }

    /**
     * Estimates x_0 as the {@link Prediction} says, {@code a_t x_t - b_t output}, clipped to [-1, 1] if the sampler clips.
     *
     * @param output the model's about xt at this index
     */
    public Tensor x0(Tensor xt, Tensor output, Tensor index) {
        var x0 = x0FromX.at(index).mul(xt).sub(x0FromOutput.at(index).mul(ModelOutput.prediction(output, xt)));
        estimate = clip == Clip.X0 ? Ops.clamp(x0, -1, 1) : x0;
        return estimate;
    }

    /** Whether steps must go through an estimate of x0: it is clipped or shown. */
    boolean needsX0() {
        return estimates || clip == Clip.X0;
    }

    /** The last estimate of x0, in the scope of the step that made it. */
    Tensor estimate() {
        return estimate;
    }
}
