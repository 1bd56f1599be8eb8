package ddpm.tests.networks;

import ddpm.nn.NetworkConfig;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;

/**
 * A network written plainly.
 *
 * @param <T> a tensor of the library whose layers it is written on
 */
@FunctionalInterface
public interface PlainNetwork<T> {
    /**
     * Epsilon.
     *
     * @param x {@code [B, C, H, W]}
     * @param t {@code [B]}, float32
     * @param labels {@code [B]}, int64; null for a network that is told none
     */
    T forward(T x, T t, T labels);

    /** The one of this configuration. */
    static <T> PlainNetwork<T> of(NetworkConfig config, PlainLayers<T> layers) {
        return switch (config) {
            case UNetMini.Config mini -> new PlainUNetMini<>(layers, mini.timeChannels());
            case UNetConfig unet -> new PlainUNet<>(layers, unet);
            default -> throw new IllegalArgumentException("no plain network of " + config);
        };
    }
}
