package ddpm.sampling;

import ddpm.diffusion.Noise;
import ddpm.torch.DType;
import ddpm.torch.Tensor;
import ddpm.torch.cuda.StepKernels;

/** Noise that the device makes itself, by the address that its step counter gives. */
final class NoiseKernel implements StepNoise {
    private final StepKernels kernels;
    private final BatchNoise noise;
    private final Tensor z;

    /** The one buffer, of the kernels' device, belongs to the current scope. */
    NoiseKernel(StepKernels kernels, BatchNoise noise) {
        this.kernels = kernels;
        this.noise = noise;
        // Images that share their noise read one image's, by broadcasting.
        this.z = Tensor.zeros(
                noise.isShared() ? noise.shape().with(0, 1) : noise.shape(), DType.FLOAT32, kernels.device());
    }

    @Override
    public int most() {
        return Integer.MAX_VALUE;
    }

    @Override
    public void reserve(int steps) {}

    @Override
    public void prepare(int first, int steps, int offset, Solver.Step solver) {}

    @Override
    public Tensor z(int place, Tensor index) {
        kernels.normals(z, index, noise.noise().seed(), noise.firstImage(), Noise.Domain.REVERSE.code());
        return z;
    }
}
