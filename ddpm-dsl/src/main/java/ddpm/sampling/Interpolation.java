package ddpm.sampling;

import ddpm.diffusion.Denoiser;
import ddpm.diffusion.ForwardProcess;
import ddpm.diffusion.Noise;
import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.Arrays;

/**
 * Images between two images, mixed in latent space (Ho et al. 2020, section 4.4, Fig. 8 and 9): both are noised to the same
 * x_t by the same noise, {@code (1 - lambda) x_t + lambda x'_t} is formed, and denoised with noise that all lambdas share.
 *
 * @param sampler walks down from x_t
 * @param device where the model lies
 */
public record Interpolation(Sampler sampler, Device device) {
    /** Of a model on the CPU. */
    public Interpolation(Sampler sampler) {
        this(sampler, Device.CPU);
    }

    /**
     * @param from image {@code [1, C, H, W]} in [-1, 1]
     * @param to likewise
     * @param steps how far both are noised, 0..T of the sampler's chain: 0 mixes the pixels themselves, T leaves nothing of
     *     either
     * @param lambdas 0 gives {@code from} (as far as it survives), 1 gives {@code to}
     * @return {@code [lambdas, C, H, W]} float32 in the current scope, not clipped
     */
    public Tensor between(Denoiser model, Tensor from, Tensor to, int steps, double[] lambdas, Noise noise) {
        check(from, to, lambdas);
        int all = sampler.diffusion().steps();
        if (steps < 0 || steps > all) {
            throw new IllegalArgumentException("interpolation after " + steps + " steps; there are 0.." + all);
        }
        try (var scope = TensorScope.open()) {
            var a = noised(from, steps, noise);
            var b = noised(to, steps, noise);
            var mixed = Ops.cat(
                    0,
                    Arrays.stream(lambdas)
                            .mapToObj(lambda -> a.mul(1 - lambda).add(b.mul(lambda)))
                            .toArray(Tensor[]::new));
            var images = steps == 0
                    ? mixed
                    : sampler.denoise(model, mixed, steps - 1, noise, Sampler.Addresses.SHARED, device)
                            .images();
            return scope.keep(images);
        }
    }

    /** Checks two images and the places between them. */
    static void check(Tensor from, Tensor to, double[] lambdas) {
        var shape = from.shape();
        if (shape.rank() != 4 || shape.size(0) != 1 || !to.shape().equals(shape)) {
            throw new IllegalArgumentException(
                    "interpolation is between two images [1, C, H, W], not " + shape + " and " + to.shape());
        }
        if (lambdas.length == 0) {
            throw new IllegalArgumentException("interpolation at no place; give at least 1 of 0..1");
        }
        for (double lambda : lambdas) {
            if (!(lambda >= 0 && lambda <= 1)) {
                throw new IllegalArgumentException("a place between two images is 0..1, not " + lambda);
            }
        }
    }

    private Tensor noised(Tensor image, int steps, Noise noise) {
        if (steps == 0) {
            return image;
        }
        var epsilon = noise.normals(
                Noise.Domain.INITIAL,
                sampler.firstImage(),
                0,
                Math.toIntExact(image.shape().numel()));
        return new ForwardProcess(sampler.diffusion(), Device.CPU)
                .xt(image, Tensor.of(new long[] {steps - 1}, Shape.of(1)), Tensor.of(epsilon, image.shape()));
    }
}
