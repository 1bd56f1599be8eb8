package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.Tensor;

/**
 * A network over images and timesteps: {@link NetworkConfig#build} makes it. {@link UNet} and {@link UNetMini} are two; any
 * other class is as good everywhere, in models, files, training and drawing.
 */
public interface Network {
    /**
     * Runs the network in x's type.
     *
     * @param x images {@code [B, C, H, W]}
     * @param t timesteps {@code [B]}, int64, or {@code [1]} where all images are at the same
     * @param labels {@code [B]} int64, each 0..labels-1, or {@code [1]} for all images; null for an unconditional network
     * @return {@code [B, C', H, W]} of x's type, in the current scope
     * @throws IllegalArgumentException for images this network cannot take
     */
    Tensor forward(Tensor x, Tensor t, Tensor labels);

    /**
     * Runs the network in mixed precision, see {@link NetworkConfig#computesIn}.
     *
     * @param precision what the blocks behind the first compute in: BFLOAT16 with float32 images and parameters makes mixed
     *     precision. The first sees the images as they are, for near t = 0 their noise is finer than bfloat16's steps
     * @throws IllegalArgumentException for a precision this network does not compute in
     */
    default Tensor forward(Tensor x, Tensor t, Tensor labels, DType precision) {
        if (precision != x.dtype()) {
            throw new IllegalArgumentException(
                    getClass().getSimpleName() + " computes in the type of its images, " + x.dtype() + ", and not in "
                            + precision + ": ask for float32, or let the network override forward with a precision");
        }
        return forward(x, t, labels);
    }

    /** Runs a network without labels in x's type. */
    default Tensor forward(Tensor x, Tensor t) {
        return forward(x, t, null);
    }

    /**
     * Announces that the timesteps 0..timesteps-1 will come over and over, so that a network of fixed parameters may embed
     * them once; 0 takes that back. A network that ignores it is slower, not wrong.
     */
    default void tabulate(int timesteps) {}

    /** A forward pass, see {@link Network#forward(Tensor, Tensor, Tensor)}. */
    @FunctionalInterface
    interface Forward {
        Tensor apply(Tensor x, Tensor t, Tensor labels);
    }

    /** A network that is its forward pass alone, computing in the type of its images. */
    static Network of(NetworkConfig config, Forward forward) {
        return new Network() {
            @Override
            public Tensor forward(Tensor x, Tensor t, Tensor labels) {
                return forward.apply(x, t, labels);
            }

            @Override
            public NetworkConfig config() {
                return config;
            }
        };
    }

    /** The configuration that builds this network. */
    NetworkConfig config();

    /** The network's dropout, off until given masks; a network without returns one that does nothing. */
    default Dropout dropout() {
        return new Dropout(0);
    }
}
