package ddpm.tests.networks;

import ddpm.nn.NetworkConfig;
import ddpm.nn.Patched;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A network written plainly, on JavaCPP's generated classes. */
@FunctionalInterface
public interface PlainNetwork {
    /**
     * Epsilon.
     *
     * @param x {@code [B, C, H, W]}
     * @param t {@code [B]}, float32
     * @param labels {@code [B]}, int64; null for a network that is told none
     */
    Tensor forward(Tensor x, Tensor t, Tensor labels);

    /** The one of this configuration. */
    static PlainNetwork of(NetworkConfig config, CppLayers layers) {
        return switch (config) {
            case UNetMini.Config mini -> new PlainUNetMini(layers, mini.timeChannels());
            case UNetConfig unet -> new PlainUNet(layers, unet);
            case Patched patched -> {
                var inner = of(patched.inner(), layers);
                yield (x, t, labels) -> torch.pixel_shuffle(
                        inner.forward(torch.pixel_unshuffle(x, patched.patch()), t, labels), patched.patch());
            }
            default -> throw new IllegalArgumentException("no plain network of " + config);
        };
    }
}
