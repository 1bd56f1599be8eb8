package ddpm.tests.networks;

import ddpm.nn.UNetConfig;
import java.util.ArrayDeque;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The paper's UNet, written from its description on JavaCPP's generated classes, with attention as plain matrix products. */
public final class CppUNet {
    private final Cpp cpp;
    private final UNetConfig config;

    /** @param cpp the weights, row-major */
    public CppUNet(Cpp cpp, UNetConfig config) {
        this.cpp = cpp;
        this.config = config;
    }

    /**
     * @param x {@code [B, C, H, W]}
     * @param t {@code [B]}, float32
     */
    public Tensor forward(Tensor x, Tensor t) {
        return forward(x, t, null);
    }

    /** @param labels {@code [B]}, int64; null for a network that is told none */
    Tensor forward(Tensor x, Tensor t, Tensor labels) {
        var sinusoid = Cpp.sinusoid(t, config.base(), config.timeShift(), config.timeOrder());
        var time = cpp.linear("time_embedding.linear_2", torch.silu(cpp.linear("time_embedding.linear_1", sinusoid)));
        if (labels != null) {
            time = time.add(torch.embedding(cpp.weights().get("class_embedding.weight"), labels));
        }
        time = torch.silu(time);
        int levels = config.multipliers().size();
        var h = cpp.conv3("conv_in", x);
        var skips = new ArrayDeque<Tensor>();
        skips.push(h);
        for (int level = 0; level < levels; level++) {
            String at = "down_blocks." + level;
            for (int i = 0; i < config.resBlocks(); i++) {
                h = block(at, i, level, h, time);
                skips.push(h);
            }
            if (level < levels - 1) {
                h = down(at + ".downsamplers.0.conv", h);
                skips.push(h);
            }
        }
        h = residual("mid_block.resnets.0", h, time);
        h = attention("mid_block.attentions.0", h);
        h = residual("mid_block.resnets.1", h, time);
        for (int level = levels - 1; level >= 0; level--) {
            String at = "up_blocks." + (levels - 1 - level);
            for (int i = 0; i <= config.resBlocks(); i++) {
                h = block(at, i, level, Cpp.cat(h, skips.pop()), time);
            }
            if (level > 0) {
                h = cpp.conv3(at + ".upsamplers.0.conv", Cpp.up(h));
            }
        }
        return cpp.conv3("conv_out", torch.silu(norm("conv_norm_out", h)));
    }

    private Tensor block(String at, int i, int level, Tensor h, Tensor time) {
        var out = residual(at + ".resnets." + i, h, time);
        return config.attention().get(level) ? attention(at + ".attentions." + i, out) : out;
    }

    private Tensor residual(String name, Tensor x, Tensor time) {
        var h = cpp.conv3(name + ".conv1", torch.silu(norm(name + ".norm1", x)));
        h = h.add(cpp.linear(name + ".time_emb_proj", time).unsqueeze(2).unsqueeze(3));
        h = cpp.conv3(name + ".conv2", torch.silu(norm(name + ".norm2", h)));
        var shortcut = cpp.weights().containsKey(name + ".conv_shortcut.weight")
                ? cpp.conv(name + ".conv_shortcut", x, 1, 0)
                : x;
        return shortcut.add(h);
    }

    private Tensor down(String name, Tensor x) {
        return config.symmetricPadding()
                ? cpp.conv(name, x, 2, 1)
                : cpp.conv(name, torch.constant_pad_nd(x, 0, 1, 0, 1), 2, 0);
    }

    private Tensor attention(String name, Tensor x) {
        long batch = x.size(0);
        long channels = x.size(1);
        long positions = x.size(2) * x.size(3);
        long heads = config.headChannels() == 0 ? 1 : channels / config.headChannels();
        var rows =
                norm(name + ".group_norm", x).view(batch, channels, positions).transpose(1, 2); // [B, HW, C]
        var q = heads(cpp.linear(name + ".to_q", rows), heads);
        var k = heads(cpp.linear(name + ".to_k", rows), heads);
        var v = heads(cpp.linear(name + ".to_v", rows), heads);
        var scores = q.matmul(k.transpose(-1, -2)).mul(new Scalar(1 / Math.sqrt((double) channels / heads)));
        var mixed = torch.softmax(scores, -1).matmul(v).transpose(1, 2).reshape(batch, positions, channels);
        return x.add(
                cpp.linear(name + ".to_out.0", mixed).transpose(1, 2).reshape(batch, channels, x.size(2), x.size(3)));
    }

    private static Tensor heads(Tensor rows, long heads) {
        return rows.view(rows.size(0), rows.size(1), heads, rows.size(2) / heads)
                .transpose(1, 2);
    }

    private Tensor norm(String name, Tensor x) {
        return cpp.norm(name, x, config.groups(), config.normEps());
    }
}
