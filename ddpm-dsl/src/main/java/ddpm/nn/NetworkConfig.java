package ddpm.nn;

/** Which network, and how large: everything needed to build it again from a checkpoint. */
public sealed interface NetworkConfig permits UNetConfig, UNetMini.Config {
    /** Declares the network's parameters at this path. */
    Network build(Params params);

    /** Channels of x_t. */
    int inChannels();

    /** Channels of the output. */
    int outChannels();

    /** Image height and width must be multiples of this. */
    int sizeMultiple();
}
