package ddpm.sampling;

import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.torch.Device;
import ddpm.torch.Tensor;

/**
 * The known pixels of one slice of a batch on its way down: RePaint's equations beside the solver's (Lugmayr et al. 2022,
 * algorithm 1). A step at index i leads from state i to state i - 1; state -1 is the image. Every state has the noise of its own
 * index, as in the authors' code: lines 5 and 10 as printed have neighbouring indices.
 */
final class Inpainting {
    private final Known known;
    private final Diffusion diffusion;
    private final BatchNoise noise;
    private final Device device;
    private final Tensor images;
    private final Tensor mask;
    private final Tensor unknown;

    /**
     * All memory belongs to the current scope.
     *
     * @param noise of the slice
     * @param from the place of its first image in the batch
     */
    Inpainting(Known known, Diffusion diffusion, BatchNoise noise, int from, Device device) {
        this.known = known;
        this.diffusion = diffusion;
        this.noise = noise;
        this.device = device;
        images = known.images(from, from + noise.images(), device);
        mask = known.mask(from, from + noise.images(), device);
        unknown = mask.neg().add(1);
    }

    Known known() {
        return known;
    }

    /** The offset of a repeated step's noise, so that no two steps share any. */
    int offset(int pass) {
        return pass * diffusion.steps();
    }

    /**
     * x after a step, with its known pixels drawn from q(x_{i-1} | known) in their place: lines 5 and 8.
     *
     * @param x x_{i-1}, {@code [images, C, H, W]}
     * @param pass how often the step was made before
     */
    Tensor putBack(Tensor x, int index, int pass) {
        double signal = diffusion.alphasCumprodPrev().at(index);
        var there = index == 0
                ? images
                : images.mul(Math.sqrt(signal))
                        .add(normals(Noise.Domain.KNOWN, index, pass).mul(Math.sqrt(1 - signal)));
        return mask.mul(there).add(unknown.mul(x));
    }

    /** x_i from x_{i-1} by the forward kernel, {@code sqrt(1 - beta_i) x + sqrt(beta_i) epsilon}: line 10. */
    Tensor upward(Tensor x, int index, int pass) {
        double beta = diffusion.betas().at(index);
        return x.mul(Math.sqrt(1 - beta))
                .add(normals(Noise.Domain.UPWARD, index, pass).mul(Math.sqrt(beta)));
    }

    private Tensor normals(Noise.Domain domain, int index, int pass) {
        return Tensor.of(noise.normals(domain, index + offset(pass)), noise.shape())
                .on(device);
    }
}
