package ddpm.cli;

import ddpm.nn.NetworkConfig;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;

/** Networks that have a name. */
enum NetworkName {
    /** The paper's UNet at 1.1 million parameters. */
    MINI,
    /** The notebook's network. */
    UNETMINI,
    /** The paper's UNet for CIFAR-10, 35.7 million parameters. */
    CIFAR10,
    /** The paper's UNet for 256x256 images, 113.7 million parameters. */
    IMAGE256;

    NetworkConfig network(int channels) {
        return switch (this) {
            case MINI -> UNetConfig.mini(channels);
            case UNETMINI -> UNetMini.Config.ofChannels(channels);
            case CIFAR10 -> UNetConfig.cifar10(channels);
            case IMAGE256 -> UNetConfig.image256(channels);
        };
    }
}
