package ddpm.tests.bench;

import ddpm.nn.NetworkConfig;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;

/**
 * A network to time, with images of 32 x 32.
 *
 * @param config ours
 * @param gflopPerImage of convolutions, linear layers and attention in one forward pass, a multiply-add being two
 *     operations, counted from their definitions: what is saved by computing them otherwise does not count as work
 * @param batch images drawn at once
 */
record Contest(String name, NetworkConfig config, double gflopPerImage, int batch) {
    /** The notebook's network. */
    static Contest uNetMini(int batch) {
        return new Contest("UNetMini", UNetMini.Config.ofChannels(3), 0.834, batch);
    }

    /** The paper's, for CIFAR-10. */
    static Contest cifar10(int batch) {
        return new Contest("the paper's UNet for CIFAR-10", UNetConfig.cifar10(3), 12.444, batch);
    }

    /** The built-in model's, told one of ten classes or none. */
    static Contest builtIn(int batch) {
        return new Contest("the built-in network", UNetConfig.mini(1).withLabels(11), 0.5, batch);
    }
}
