package ddpm.tests.networks;

import ddpm.nn.UNetConfig;
import java.util.ArrayDeque;
import org.bytedeco.pytorch.Tensor;

/** The paper's UNet, written from its description, with attention as plain matrix products. */
final class PlainUNet implements PlainNetwork {
    private final CppLayers layers;
    private final UNetConfig config;

    PlainUNet(CppLayers layers, UNetConfig config) {
        this.layers = layers;
        this.config = config;
    }

    @Override
    public Tensor forward(Tensor x, Tensor t, Tensor labels) {
        var sinusoid = layers.sinusoid(t, config.base(), config.timeShift(), config.timeOrder());
        var hidden = layers.silu(layers.linear("time_embedding.linear_1", sinusoid));
        var embedded = layers.linear("time_embedding.linear_2", hidden);
        var time = layers.silu(
                labels == null ? embedded : layers.add(embedded, layers.embedding("class_embedding", labels)));
        int levels = config.widths().size();
        var h = layers.conv3("conv_in", x);
        var skips = new ArrayDeque<Tensor>();
        skips.push(h);
        for (int level = 0; level < levels; level++) {
            String at = "down_blocks." + level;
            for (int i = 0; i < config.resBlocks(); i++) {
                h = block(at, i, level, h, time);
                skips.push(h);
            }
            if (level < levels - 1) {
                h = layers.conv(at + ".downsamplers.0.conv", h, 2, config.symmetricPadding() ? 1 : 0, 1);
                skips.push(h);
            }
        }
        h = residual("mid_block.resnets.0", h, time);
        h = attention("mid_block.attentions.0", h, width(levels - 1));
        h = residual("mid_block.resnets.1", h, time);
        for (int level = levels - 1; level >= 0; level--) {
            String at = "up_blocks." + (levels - 1 - level);
            for (int i = 0; i <= config.resBlocks(); i++) {
                h = block(at, i, level, layers.cat(h, skips.pop()), time);
            }
            if (level > 0) {
                h = layers.conv3(at + ".upsamplers.0.conv", layers.doubled(h));
            }
        }
        return layers.conv3("conv_out", layers.silu(norm("conv_norm_out", h)));
    }

    private Tensor block(String at, int i, int level, Tensor h, Tensor time) {
        var out = residual(at + ".resnets." + i, h, time);
        return config.attention().get(level) ? attention(at + ".attentions." + i, out, width(level)) : out;
    }

    private Tensor residual(String name, Tensor x, Tensor time) {
        var h = layers.conv3(name + ".conv1", layers.silu(norm(name + ".norm1", x)));
        h = layers.shifted(h, layers.linear(name + ".time_emb_proj", time));
        h = layers.conv3(name + ".conv2", layers.silu(norm(name + ".norm2", h)));
        var shortcut =
                layers.has(name + ".conv_shortcut.weight") ? layers.conv(name + ".conv_shortcut", x, 1, 0, 0) : x;
        return layers.add(shortcut, h);
    }

    private Tensor attention(String name, Tensor x, int channels) {
        int heads = config.headChannels() == 0 ? 1 : channels / config.headChannels();
        var rows = layers.rows(norm(name + ".group_norm", x));
        var mixed = layers.attention(
                layers.linear(name + ".to_q", rows),
                layers.linear(name + ".to_k", rows),
                layers.linear(name + ".to_v", rows),
                channels,
                heads);
        return layers.add(x, layers.image(layers.linear(name + ".to_out.0", mixed), x));
    }

    private int width(int level) {
        return config.widths().get(level);
    }

    private Tensor norm(String name, Tensor x) {
        return layers.norm(name, x, config.groups(), config.normEps());
    }
}
