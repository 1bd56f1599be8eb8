package ddpm.sampling;

import ddpm.diffusion.Clip;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Prediction;
import ddpm.torch.Device;
import ddpm.torch.Shape;

/** Chains without a model, for steps whose outputs are recorded ones. */
final class SilentChain {
    private SilentChain() {}

    static Chain of(Diffusion diffusion, Prediction prediction, Clip clip, boolean estimates, Shape shape) {
        var sampler = new Sampler(diffusion, prediction, new Solver.Ddim(0), clip);
        return new Chain(
                sampler,
                estimates,
                (_, _) -> {
                    throw new AssertionError("the output of this step is given");
                },
                shape,
                Device.CPU,
                index -> index);
    }
}
