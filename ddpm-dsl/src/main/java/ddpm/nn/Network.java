package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.Tensor;

/** A network over images and timesteps: what {@link NetworkConfig#build} makes. */
public sealed interface Network permits UNet, UNetMini {
    /**
     * @param x images {@code [B, C, H, W]}
     * @param t timesteps {@code [B]}, int64, or {@code [1]} where all images are at the same
     * @param labels {@code [B]} int64, each 0..labels-1, or {@code [1]} for all images; null for a network without
     * @param precision what the convolutions behind the first compute in: BFLOAT16 with float32 images and parameters makes
     *     mixed precision. The first sees the images as they are, for near t = 0 their noise is finer than bfloat16's steps
     * @return {@code [B, C', H, W]} of x's type, in the current scope
     * @throws IllegalArgumentException for images this network cannot take
     */
    Tensor forward(Tensor x, Tensor t, Tensor labels, DType precision);

    /** Runs the network in x's type throughout. */
    default Tensor forward(Tensor x, Tensor t, Tensor labels) {
        return forward(x, t, labels, x.dtype());
    }

    /** Runs a network without labels in x's type. */
    default Tensor forward(Tensor x, Tensor t) {
        return forward(x, t, null);
    }

    /**
     * Announces that the timesteps 0..timesteps-1 will come over and over, so that a network of fixed parameters may embed
     * them once; 0 takes that back.
     */
    void tabulate(int timesteps);

    /** The configuration that builds this network. */
    NetworkConfig config();

    /** The network's dropout, off until given masks. */
    Dropout dropout();
}
