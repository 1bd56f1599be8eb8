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
     * How many labels the network tells apart: images then come with one of 0..labels-1 each. 0 for a network that is
     * told none.
     */
    int labels();

    /**
     * The same network for so many labels.
     *
     * @throws IllegalArgumentException if it cannot be told labels
     */
    NetworkConfig withLabels(int labels);

    /** Image height and width must be multiples of this. */
    int sizeMultiple();
}
