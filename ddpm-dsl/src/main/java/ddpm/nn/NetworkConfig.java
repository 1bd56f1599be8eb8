package ddpm.nn;

import ddpm.torch.DType;

/**
 * The kind and size of a network: everything needed to build it again from a checkpoint. Usually a record. A model file
 * stores configurations of the kinds that {@code ddpm.model.NetworkType} knows.
 */
public interface NetworkConfig {
    /** Declares the network's parameters at this path. */
    Network build(ParamPath path);

    /** Channels of x_t. */
    int inChannels();

    /** Channels of the output: twice {@link #inChannels} where a variance is learned. */
    default int outChannels() {
        return inChannels();
    }

    /** The number of labels of a class-conditional network, whose images come with one each; 0 for an unconditional one. */
    default int labels() {
        return 0;
    }

    /**
     * This network made conditional on so many labels.
     *
     * @throws IllegalArgumentException if it cannot be made so
     */
    default NetworkConfig withLabels(int labels) {
        if (labels != labels()) {
            throw new IllegalArgumentException(this + " cannot be class-conditional on " + labels + " labels (it has "
                    + labels() + "); use the paper's UNet");
        }
        return this;
    }

    /**
     * This network with another number of output channels, for a learned variance.
     *
     * @throws IllegalArgumentException if it cannot have as many
     */
    default NetworkConfig withOutChannels(int channels) {
        if (channels != outChannels()) {
            throw new IllegalArgumentException(this + " has " + outChannels() + " output channels and cannot have "
                    + channels + ", so it learns no variance: choose a fixed one, or the paper's UNet");
        }
        return this;
    }

    /** A number that divides the height and width of every image; 1 for any size. */
    default int sizeMultiple() {
        return 1;
    }

    /** Whether the network computes in this type; float32 always. */
    default boolean computesIn(DType precision) {
        return precision == DType.FLOAT32;
    }
}
