package ddpm.sampling;

import ddpm.diffusion.Denoiser;
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
 * A batch on its way down a chain on a CUDA device, by launches of recorded steps. The recording, the memory it works on and
 * the stream whose cache that memory comes from live exactly as long as one {@link #run}.
 */
record GraphWalk(Sampler sampler, Route route, Denoiser model, BatchNoise noise, Device device) {
    /**
     * Walks the route.
     *
     * @param start x_t, {@code [B, C, H, W]} row-major
     * @return the frames asked for and then x at the end, as arrays that no scope owns
     */
    List<float[]> run(float[] start, StepCount count) {
        try (var launcher = CudaLauncher.open(device)) {
            return run(launcher, kernels(count), start, count);
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
    List<float[]> run(StepLauncher launcher, StepKernels kernels, float[] start, StepCount count) {
        var frames = new ArrayList<float[]>();
        try (var _ = GradMode.off();
                var _ = TensorScope.open()) {
            var z = kernels == null ? new NoiseTape(noise, device) : new NoiseKernel(kernels, noise);
            var process = new ReverseProcess(sampler, route, model, noise.shape(), z, device);
            process.start(start);
            Consumer<Tensor> stepDown = kernels == null ? process::stepDown : kernels::stepDown;
            ObjLongConsumer<Tensor> stepDownAndSet = kernels == null ? null : kernels::loopEnd;
            var body = new RecordedSteps(process, stepDown, stepDownAndSet);
            try (var loop = new GraphLoop(body, launcher, steps(kernels, count), count::note)) {
                loop.walk(route.steps(), count, queued -> {
                    if (sampler.isFrame(queued - 1, route.steps())) {
                        frames.add(process.frame());
                    }
                });
                frames.add(process.x());
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
                count.note(GraphLoop.IN_PARTS + e.getMessage());
                return GraphSteps.AUTO;
            }
        }
        return wanted;
    }
}
