package ddpm.sampling;

import ddpm.diffusion.Noise;
import ddpm.torch.Shape;

/**
 * The addressed noise of one batch.
 *
 * @param noise of the seed
 * @param shape {@code [B, C, H, W]}
 * @param addresses whether the images share it
 * @param firstImage index of the batch's first image
 */
record BatchNoise(Noise noise, Shape shape, Sampler.Addresses addresses, long firstImage) {
    int images() {
        return Math.toIntExact(shape.size(0));
    }

    int perImage() {
        return Math.toIntExact(shape.numel() / shape.size(0));
    }

    boolean isShared() {
        return addresses == Sampler.Addresses.SHARED;
    }

    /** Standard normals of all images at one step, row-major. */
    float[] normals(Noise.Domain domain, int step) {
        var values = new float[Math.toIntExact(shape.numel())];
        for (int image = 0; image < images(); image++) {
            long address = isShared() ? firstImage : firstImage + image;
            noise.normals(domain, address, step, values, image * perImage(), perImage());
        }
        return values;
    }
}
