package ddpm.sampling;

import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Noise;
import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.Collections;

/**
 * Images that share what is decided by x_t (Ho et al. 2020, section 4.3, Fig. 7): one chain is walked from noise to x_t, and
 * several go on from there, each with noise of its own.
 *
 * @param sampler walks; with one that adds no noise all images are the same
 */
public record SharedLatent(Sampler sampler) {
    /**
     * @param image {@code [1, C, H, W]}
     * @param steps that x_t is away from the images, 1..steps of the chain: all of them share the first noise alone
     * @param count how many images, at least 1. The first is the sampler's first image of this noise, drawn as ever
     * @return {@code [1 + count, C, H, W]} float32 in the current scope: x_t, then the images; not clipped
     */
    public Tensor draw(Denoiser model, Shape image, int steps, int count, Noise noise, Device device) {
        int all = sampler.diffusion().steps();
        if (image.rank() != 4 || image.size(0) != 1 || steps < 1 || steps > all || count < 1) {
            throw new IllegalArgumentException(count + " images (at least 1) of shape " + image
                    + " ([1, C, H, W]) that share the state " + steps + " steps before the end (1.." + all + ")");
        }
        try (var scope = TensorScope.open()) {
            var xt = sampler.latent(model, image, noise, steps - 1, device);
            var copies = Ops.cat(0, Collections.nCopies(count, xt).toArray(Tensor[]::new));
            var images = sampler.denoise(model, copies, steps - 1, noise, Sampler.Addresses.EACH, device)
                    .images();
            return scope.keep(Ops.cat(0, xt, images));
        }
    }
}
