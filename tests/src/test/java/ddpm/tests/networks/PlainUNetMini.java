package ddpm.tests.networks;

import ddpm.nn.TimeEmbedding;
import org.bytedeco.pytorch.Tensor;

/** The notebook's UNetMini, written as the notebook has it. */
final class PlainUNetMini implements PlainNetwork {
    private static final int GROUPS = 8;

    private final CppLayers layers;
    private final int timeChannels;

    PlainUNetMini(CppLayers layers, int timeChannels) {
        this.layers = layers;
        this.timeChannels = timeChannels;
    }

    /** It is told no labels. */
    @Override
    public Tensor forward(Tensor x, Tensor t, Tensor labels) {
        var sinusoid = layers.sinusoid(t, timeChannels, 0, TimeEmbedding.Order.SINE_FIRST);
        var time = layers.linear("time_mlp.2", layers.silu(layers.linear("time_mlp.0", sinusoid)));
        var h = layers.silu(layers.conv3("in_conv", x));
        h = block("down1", h, time);
        h = block("down2", layers.halved(h), time);
        h = block("down3", layers.halved(h), time);
        h = block("up1", layers.doubled(h), time);
        h = block("up2", layers.doubled(h), time);
        h = block("up3", h, time);
        return layers.conv3("out_conv", layers.silu(h));
    }

    private Tensor block(String name, Tensor x, Tensor time) {
        var h = layers.shifted(layers.conv3(name + ".conv1", x), layers.linear(name + ".time", time));
        h = layers.silu(layers.norm(name + ".norm1", h, GROUPS, 1e-5));
        return layers.silu(layers.norm(name + ".norm2", layers.conv3(name + ".conv2", h), GROUPS, 1e-5));
    }
}
