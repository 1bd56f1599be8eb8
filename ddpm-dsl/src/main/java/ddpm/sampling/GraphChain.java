package ddpm.sampling;

import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Noise;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.TorchException;
import ddpm.torch.cuda.StepKernels;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ObjLongConsumer;

/**
 * A batch on its way from x_t to x_0 on a CUDA device, by launches of recorded steps. What is recorded, the memory it works
 * on and the stream whose cache that memory comes from live exactly as long as one {@link #run}.
 */
record GraphChain(Sampler sampler, Denoiser model, BatchNoise noise, Device device) {
    /**
     * @param start x_t, or null for x_T from noise
     * @param first t, an index of the chain
     * @param last the index of the last step walked
     * @return the frames asked for and then the images, as arrays that no scope owns
     */
    List<float[]> run(float[] start, int first, int last, StepCount count) {
        try (var launcher = CudaLauncher.open(device)) {
            return run(launcher, kernels(count), start, first, last, count);
        }
    }

    private StepKernels kernels(StepCount count) {
        try {
            return StepKernels.on(device);
        } catch (TorchException e) {
            count.note("noise is drawn on the CPU and copied, for the kernels cannot be loaded: " + e.getMessage());
            return null;
        }
    }

    /** @param kernels null to draw noise on the host */
    List<float[]> run(StepLauncher launcher, StepKernels kernels, float[] start, int first, int last, StepCount count) {
        var frames = new ArrayList<float[]>();
        try (var _ = GradMode.off();
                var _ = TensorScope.open()) {
            var z = kernels == null
                    ? new NoiseTape(noise, sampler.table().sigma(), device)
                    : new NoiseKernel(kernels, noise);
            var program = new StepProgram(sampler, model, noise.shape(), z, device);
            program.start(start == null ? noise.normals(Noise.Domain.INITIAL, 0) : start, first);
            Consumer<Tensor> advance = kernels == null ? program::stepDown : kernels::stepDown;
            ObjLongConsumer<Tensor> loopEnd = kernels == null ? null : kernels::loopEnd;
            try (var loop = new StepLoop(program, launcher, steps(kernels, count), advance, loopEnd, count::note)) {
                loop.walk(first, last, count, queued -> {
                    if (sampler.isFrame(queued - 1, first - last + 1)) {
                        frames.add(program.frame());
                    }
                });
                frames.add(program.x());
            }
        }
        return frames;
    }

    private GraphSteps steps(StepKernels kernels, StepCount count) {
        var wanted = sampler.graphSteps();
        if (wanted.kind() != GraphSteps.Kind.NONE && sampler.trajectory() > 0) {
            return GraphSteps.of(1); // frames are read between launches
        }
        if (wanted.kind() == GraphSteps.Kind.ALL && kernels != null) {
            try {
                kernels.loadLoopEnd();
            } catch (TorchException e) {
                count.note(StepLoop.IN_PARTS + e.getMessage());
                return GraphSteps.AUTO;
            }
        }
        return wanted;
    }
}
