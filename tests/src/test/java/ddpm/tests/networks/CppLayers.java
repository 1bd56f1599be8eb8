package ddpm.tests.networks;

import ddpm.nn.TimeEmbedding;
import ddpm.torch.cpp.CppTensors;
import java.util.Map;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LayerNormFuncOptions;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.MultiheadAttentionForwardFuncOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Layers by the names that their parameters have, on JavaCPP's generated classes: eager, row-major, one thing at a time. */
public record CppLayers(Map<String, Tensor> weights) {
    /** The notebook's and the paper's base of wavelengths. */
    private static final double WAVELENGTHS = 10_000;

    private static final long[] TWO = {2, 2};

    static {
        CppTensors.ready();
    }

    private TensorOptional weight(String name) {
        return new TensorOptional(required(name));
    }

    private Tensor required(String name) {
        var tensor = weights.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no weight " + name);
        }
        return tensor;
    }

    boolean has(String parameter) {
        return weights.containsKey(parameter);
    }

    /**
     * A convolution with a square kernel.
     *
     * @param before zeros above and to the left
     * @param after zeros below and to the right
     */
    Tensor conv(String name, Tensor x, int stride, int before, int after) {
        var padded = before == after ? x : torch.constant_pad_nd(x, before, after, before, after);
        int rest = before == after ? before : 0;
        return torch.conv2d(
                padded,
                required(name + ".weight"),
                weight(name + ".bias"),
                new long[] {stride, stride},
                new long[] {rest, rest},
                new long[] {1, 1},
                1);
    }

    /** 3x3, size kept. */
    Tensor conv3(String name, Tensor x) {
        return conv(name, x, 1, 1, 1);
    }

    /** A 3x3 or other convolution of stride 1, with a bias if there is one. */
    Tensor grouped(String name, Tensor x, int padding, int groups) {
        var bias = name + ".bias";
        return torch.conv2d(
                x,
                required(name + ".weight"),
                has(bias) ? weight(bias) : new TensorOptional(),
                new long[] {1, 1},
                new long[] {padding, padding},
                new long[] {1, 1},
                groups);
    }

    Tensor layerNorm(String name, Tensor x, long size) {
        var options = new LayerNormFuncOptions(new LongVector(new long[] {size}));
        options.weight().put(required(name + ".weight"));
        options.bias().put(required(name + ".bias"));
        return torch.layer_norm(x, options);
    }

    /** The C++ frontend's own, which wants positions first. */
    Tensor multiHeadAttention(String name, Tensor x, long width, long heads) {
        var options = new MultiheadAttentionForwardFuncOptions(
                width,
                heads,
                required(name + ".in_proj_weight"),
                required(name + ".in_proj_bias"),
                new Tensor(),
                new Tensor(),
                false,
                0,
                required(name + ".out_proj.weight"),
                required(name + ".out_proj.bias"));
        var rows = x.transpose(0, 1);
        return torch.multi_head_attention_forward(rows, rows, rows, options)
                .get0()
                .transpose(0, 1);
    }

    /** Over the last dimension. */
    Tensor linear(String name, Tensor x) {
        return torch.linear(x, required(name + ".weight"), weight(name + ".bias"));
    }

    Tensor norm(String name, Tensor x, int groups, double eps) {
        return torch.group_norm(x, groups, weight(name + ".weight"), weight(name + ".bias"), eps, false);
    }

    /** Rows {@code [B, C]} of a table, by {@code labels [B]}. */
    Tensor embedding(String name, Tensor labels) {
        return torch.embedding(required(name + ".weight"), labels);
    }

    Tensor silu(Tensor x) {
        return torch.silu(x);
    }

    Tensor add(Tensor a, Tensor b) {
        return a.add(b);
    }

    /** {@code perChannel [B, C]} added to every pixel. */
    Tensor shifted(Tensor x, Tensor perChannel) {
        return x.add(perChannel.unsqueeze(2).unsqueeze(3));
    }

    /** Along channels. */
    Tensor cat(Tensor a, Tensor b) {
        return torch.cat(new TensorVector(a, b), 1);
    }

    /** Every pixel doubled along height and width. */
    Tensor doubled(Tensor x) {
        return torch.upsample_nearest2d(
                x, new long[] {2 * x.size(2), 2 * x.size(3)}, new DoubleOptional(), new DoubleOptional());
    }

    /** Means of 2x2. */
    Tensor halved(Tensor x) {
        return torch.avg_pool2d(x, TWO, TWO, new long[] {0, 0}, false, true, new LongOptional());
    }

    /** {@code [B, H W, C]} of {@code [B, C, H, W]}. */
    Tensor rows(Tensor x) {
        return x.view(x.size(0), x.size(1), -1).transpose(1, 2);
    }

    /** The inverse of {@link #rows}, for an image like this one. */
    Tensor image(Tensor rows, Tensor like) {
        return rows.transpose(1, 2).reshape(like.size(0), like.size(1), like.size(2), like.size(3));
    }

    /** softmax(q k^T / sqrt(channels / heads)) v, all {@code [B, H W, channels]}, head by head. */
    Tensor attention(Tensor q, Tensor k, Tensor v, long channels, long heads) {
        var scores = heads(q, heads).matmul(heads(k, heads).transpose(-1, -2));
        var shares = torch.softmax(scores.mul(new Scalar(1 / Math.sqrt((double) channels / heads))), -1);
        return shares.matmul(heads(v, heads)).transpose(1, 2).reshape(q.size(0), q.size(1), channels);
    }

    private static Tensor heads(Tensor rows, long heads) {
        return rows.view(rows.size(0), rows.size(1), heads, rows.size(2) / heads)
                .transpose(1, 2);
    }

    /** {@code [B, channels]} of float timesteps {@code [B]}. */
    Tensor sinusoid(Tensor t, int channels, int shift, TimeEmbedding.Order order) {
        int half = channels / 2;
        var angles = t.unsqueeze(1).mul(Tensor.create(frequencies(half, shift), 1, half));
        return switch (order) {
            case SINE_FIRST -> cat(angles.sin(), angles.cos());
            case COSINE_FIRST -> cat(angles.cos(), angles.sin());
            case INTERLEAVED ->
                torch.cat(
                                new TensorVector(
                                        angles.sin().unsqueeze(2), angles.cos().unsqueeze(2)),
                                2)
                        .reshape(-1, channels);
        };
    }

    /** Exponents are rounded as the reference codes round them. */
    private static float[] frequencies(int half, int shift) {
        var frequencies = new float[half];
        for (int i = 0; i < half; i++) {
            frequencies[i] = (float) Math.exp((float) (-Math.log(WAVELENGTHS) * i) / (half - shift));
        }
        return frequencies;
    }
}
