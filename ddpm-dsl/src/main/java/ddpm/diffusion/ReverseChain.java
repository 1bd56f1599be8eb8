package ddpm.diffusion;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;

/** One slice of a batch on its way from x_t to x_0, on the thread that runs it. */
record ReverseChain(
        Sampler sampler,
        Denoiser model,
        Shape shape,
        Noise noise,
        Sampler.Addresses addresses,
        long firstImage,
        Device device) {
    /**
     * @param start x_t, or null for x_T from noise
     * @param first t, an index of the chain
     * @param last the index of the last step walked
     * @return the frames asked for and then the images, as arrays that no scope owns
     */
    List<float[]> run(float[] start, int first, int last, StepCount count) {
        var frames = new ArrayList<float[]>();
        boolean estimates = sampler.trajectory() > 0 && sampler.frames() == Sampler.Frames.X0;
        try (var _ = GradMode.off();
                var _ = TensorScope.open()) {
            var step = new ReverseStep(sampler.table(), sampler.clip(), estimates, shape, device);
            var timesteps = timesteps();
            var x = (start == null ? normals(Noise.Domain.INITIAL, 0) : Tensor.of(start, shape)).on(device);
            for (int i = first; i >= last; i--) {
                count.checkCancelled();
                boolean frame = isFrame(first - i, first - last + 1);
                try (var inner = TensorScope.open()) {
                    var index = Tensor.of(new long[] {i}, Shape.of(1)).on(device); // one for the whole slice
                    var t = Ops.indexSelect(timesteps, 0, index);
                    var z = sampler.table().sigma().at(i) == 0 // 0 times noise is 0: it need not be drawn
                            ? Tensor.zeros(shape, DType.FLOAT32, device)
                            : normals(Noise.Domain.REVERSE, i).on(device);
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
                count.one();
            }
            frames.add(x.toFloats());
        }
        return frames;
    }

    /** Frame k stands after step round((k + 1) steps / frames) - 1, so the last is the end of the chain. */
    private boolean isFrame(int done, int steps) {
        int frames = Math.min(sampler.trajectory(), steps);
        return frames > 0 && (long) (done + 1) * frames / steps > (long) done * frames / steps;
    }

    /** The timestep that the model is told, by index of the chain. */
    private Tensor timesteps() {
        var timesteps = sampler.diffusion().timesteps();
        var longs = new long[timesteps.length];
        for (int i = 0; i < longs.length; i++) {
            longs[i] = timesteps[i];
        }
        return Tensor.of(longs, Shape.of(longs.length)).on(device);
    }

    private Tensor normals(Noise.Domain domain, int step) {
        int perImage = Math.toIntExact(shape.numel() / shape.size(0));
        var values = new float[Math.toIntExact(shape.numel())];
        for (int image = 0; image < shape.size(0); image++) {
            long address = addresses == Sampler.Addresses.SHARED ? firstImage : firstImage + image;
            noise.normals(domain, address, step, values, image * perImage, perImage);
        }
        return Tensor.of(values, shape);
    }
}
