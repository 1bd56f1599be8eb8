package ddpm.sampling;

import ddpm.diffusion.Denoiser;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/** The single steps of a sampler, see {@link Sampler#steps}. A solver that looks back keeps its last estimate here. */
public final class Steps {
    private final Sampler sampler;
    private final Chain chain;
    private final Solver.Step solver;
    private final Device device;

    Steps(Sampler sampler, Denoiser model, Shape shape, Device device) {
        this.sampler = sampler;
        this.device = device;
        this.chain = new Chain(sampler, true, model, shape, device, index -> index);
        this.solver = sampler.solver().on(chain);
    }

    /**
     * Computes x_{t-1} from x_t.
     *
     * @param xt {@code [B, C, H, W]} float32 on the steps' device
     * @param index of the step, T-1 to 0 of the sampler's chain
     * @param z standard normal like xt; not read where the step adds no noise, and then null is allowed
     * @return like xt, in the current scope; not clipped
     */
    public Tensor step(Tensor xt, int index, Tensor z) {
        if (index < 0 || index >= sampler.diffusion().steps()) {
            throw new IllegalArgumentException(
                    "step " + index + " of a chain of " + sampler.diffusion().steps() + ": 0 to "
                            + (sampler.diffusion().steps() - 1));
        }
        if (!xt.shape().equals(chain.shape())) {
            throw new IllegalArgumentException("x_t of shape " + xt.shape() + " in steps for " + chain.shape());
        }
        if (solver.addsNoise(index) && z == null) {
            throw new IllegalArgumentException("step " + index + " adds noise, and z is null");
        }
        try (var _ = GradMode.off()) {
            var noise = solver.addsNoise(index) ? z : Tensor.zeros(chain.shape(), DType.FLOAT32, device);
            var at = Tensor.of(new long[] {index}, Shape.of(1)).on(device);
            return solver.apply(xt, at, noise);
        }
    }

    /** The estimate of x_0 that the last step made, clipped if the sampler clips; it lives as long as that step's scope. */
    public Tensor x0() {
        return chain.estimate();
    }
}
