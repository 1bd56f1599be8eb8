package ddpm.model.onnx;

import ddpm.nn.UNet;
import ddpm.nn.UNetConfig;
import java.util.ArrayDeque;

/** {@link UNet} as operators, with its parameters' names. */
final class UNetGraph {
    private final OnnxLayers layers;
    private final UNetConfig config;

    UNetGraph(OnnxLayers layers, UNetConfig config) {
        this.layers = layers;
        this.config = config;
    }

    /**
     * Adds the network.
     *
     * @param x {@code [B, C, H, W]}
     * @param t {@code [B]} or {@code [1]}
     * @param labels {@code [B]}; null for an unconditional network
     * @return {@code [B, C', H, W]}
     */
    String forward(String x, String t, String labels) {
        var time = time(t, labels); // [B, 4 base]
        var h = layers.conv3("conv_in", x); // [B, base, H, W]
        var skips = new ArrayDeque<String>();
        skips.push(h);
        int levels = config.widths().size();
        for (int level = 0; level < levels; level++) {
            var at = "down_blocks." + level;
            for (int i = 0; i < config.resBlocks(); i++) {
                h = block(at, i, level, h, time);
                skips.push(h);
            }
            if (level < levels - 1) {
                h = layers.conv(at + ".downsamplers.0.conv", h, 2, config.symmetricPadding() ? 1 : 0, 1);
                skips.push(h); // [B, C, H/2, W/2]
            }
        }
        h = residual("mid_block.resnets.0", h, time);
        h = attention("mid_block.attentions.0", h, config.widths().getLast());
        h = residual("mid_block.resnets.1", h, time);
        for (int level = levels - 1; level >= 0; level--) {
            var at = "up_blocks." + (levels - 1 - level); // counted from the deepest
            for (int i = 0; i <= config.resBlocks(); i++) {
                h = block(at, i, level, layers.cat(h, skips.pop()), time);
            }
            if (level > 0) {
                h = layers.conv3(at + ".upsamplers.0.conv", layers.doubled(h)); // [B, C, 2H, 2W]
            }
        }
        return layers.conv3("conv_out", layers.silu(norm("conv_norm_out", h)));
    }

    private String time(String t, String labels) {
        var sinusoid = layers.sinusoid(t, config.base(), config.timeShift(), config.timeOrder());
        var hidden = layers.silu(layers.linear("time_embedding.linear_1", sinusoid));
        var embedded = layers.linear("time_embedding.linear_2", hidden);
        return layers.silu(
                labels == null ? embedded : layers.add(embedded, layers.embedding("class_embedding", labels)));
    }

    private String block(String at, int i, int level, String h, String time) {
        var out = residual(at + ".resnets." + i, h, time);
        return config.attention().get(level)
                ? attention(at + ".attentions." + i, out, config.widths().get(level))
                : out;
    }

    private String residual(String name, String x, String time) {
        var h = layers.conv3(name + ".conv1", layers.silu(norm(name + ".norm1", x)));
        h = layers.shifted(h, layers.linear(name + ".time_emb_proj", time));
        h = layers.conv3(name + ".conv2", layers.silu(norm(name + ".norm2", h)));
        var shortcut = name + ".conv_shortcut";
        return layers.add(layers.has(shortcut + ".weight") ? layers.conv(shortcut, x, 1, 0, 0) : x, h);
    }

    private String attention(String name, String x, int channels) {
        int heads = config.headChannels() == 0 ? 1 : channels / config.headChannels();
        var rows = layers.rows(norm(name + ".group_norm", x)); // [B, H W, C]
        var mixed = layers.attention(
                layers.linear(name + ".to_q", rows),
                layers.linear(name + ".to_k", rows),
                layers.linear(name + ".to_v", rows),
                channels,
                heads);
        return layers.add(x, layers.image(layers.linear(name + ".to_out.0", mixed), x));
    }

    private String norm(String name, String x) {
        return layers.norm(name, x, config.groups(), config.normEps());
    }
}
