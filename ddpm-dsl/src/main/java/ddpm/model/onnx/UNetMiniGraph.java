package ddpm.model.onnx;

import ddpm.nn.TimeEmbedding;
import ddpm.nn.UNetMini;

/** {@link UNetMini} as operators, with its parameters' names. */
final class UNetMiniGraph {
    private final OnnxLayers layers;
    private final UNetMini.Config config;

    UNetMiniGraph(OnnxLayers layers, UNetMini.Config config) {
        this.layers = layers;
        this.config = config;
    }

    /**
     * Adds the network.
     *
     * @param x {@code [B, C, H, W]}
     * @param t {@code [B]} or {@code [1]}
     * @return {@code [B, C, H, W]}
     */
    String forward(String x, String t) {
        var sinusoid = layers.sinusoid(t, config.timeChannels(), 0, TimeEmbedding.Order.SINE_FIRST);
        var time = layers.linear("time_mlp.2", layers.silu(layers.linear("time_mlp.0", sinusoid)));
        var h = layers.silu(layers.conv3("in_conv", x)); // [B, base, H, W]
        h = block("down1", h, time);
        h = block("down2", layers.halved(h), time); // [B, w2, H/2, W/2]
        h = block("down3", layers.halved(h), time); // [B, w3, H/4, W/4]
        h = block("up1", layers.doubled(h), time); // [B, w2, H/2, W/2]
        h = block("up2", layers.doubled(h), time); // [B, w1, H, W]
        h = block("up3", h, time);
        return layers.conv3("out_conv", layers.silu(h));
    }

    private String block(String name, String x, String time) {
        var h = layers.shifted(layers.conv3(name + ".conv1", x), layers.linear(name + ".time", time));
        h = layers.silu(norm(name + ".norm1", h));
        return layers.silu(norm(name + ".norm2", layers.conv3(name + ".conv2", h)));
    }

    private String norm(String name, String x) {
        return layers.norm(name, x, UNetMini.Config.GROUPS, UNetMini.Config.NORM_EPS);
    }
}
