package ddpm.sampling;

import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Noise;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;

/** One slice of a batch on its way from x_t to x_0, step by step on the thread that runs it. */
record ReverseChain(Sampler sampler, Denoiser model, BatchNoise noise, Device device) {
    /**
     * @param start x_t, or null for x_T from noise
     * @param first t, an index of the chain
     * @param last the index of the last step walked
     * @return the frames asked for and then the images, as arrays that no scope owns
     */
    List<float[]> run(float[] start, int first, int last, StepCount count) {
        var frames = new ArrayList<float[]>();
        boolean estimates = sampler.wantsEstimates();
        var shape = noise.shape();
        try (var _ = GradMode.off();
                var _ = TensorScope.open()) {
            var step = new ReverseStep(sampler.table(), sampler.clip(), estimates, shape, device);
            var timesteps = StepProgram.timesteps(sampler.diffusion(), device);
            var x = Tensor.of(start == null ? noise.normals(Noise.Domain.INITIAL, 0) : start, shape)
                    .on(device);
            for (int i = first; i >= last; i--) {
                count.checkCancelled();
                boolean frame = sampler.isFrame(first - i, first - last + 1);
                try (var inner = TensorScope.open()) {
                    var index = Tensor.of(new long[] {i}, Shape.of(1)).on(device); // one for the whole slice
                    var t = Ops.indexSelect(timesteps, 0, index);
                    var z = sampler.table().sigma().at(i) == 0 // 0 times noise is 0: it need not be drawn
                            ? Tensor.zeros(shape, DType.FLOAT32, device)
                            : Tensor.of(noise.normals(Noise.Domain.REVERSE, i), shape)
                                    .on(device);
                    var next = step.apply(x, model.predict(x, t), index, z);
                    if (frame && estimates) {
                        frames.add(step.estimate().toFloats());
                    }
                    x.close();
                    x = inner.keep(next.contiguous());
                }
                if (frame && !estimates) {
                    frames.add(x.toFloats());
                }
                count.add(1);
            }
            frames.add(x.toFloats());
        }
        return frames;
    }
}
