package ddpm.nn;

/** Which network, and how large: everything needed to build it again from a checkpoint. */
public sealed interface NetworkConfig permits UNetConfig, UNetMini.Config {
    /** Declares the network's parameters at this path. */
    Network build(ParamPath path);

    /** Channels of x_t. */
    int inChannels();

    /** Channels of the output. */
    int outChannels();

    /**
     * The number of labels of a class-conditional network, whose images come with one of 0..labels-1 each; 0 for an
     * unconditional one.
     */
    int labels();

    /**
     * This network made conditional on so many labels.
     *
     * @throws IllegalArgumentException if it cannot be made class-conditional
     */
    NetworkConfig withLabels(int labels);

    /** Image height and width must be multiples of this. */
    int sizeMultiple();
}
