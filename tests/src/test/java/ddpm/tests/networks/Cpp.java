package ddpm.tests.networks;

import ddpm.nn.TimeEmbedding;
import ddpm.torch.cpp.CppTensors;
import java.util.Map;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Layers on JavaCPP's generated classes, by the names that their parameters have in a state dict. */
public record Cpp(Map<String, Tensor> weights) {
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

    Tensor conv(String name, Tensor x, int stride, int padding) {
        return torch.conv2d(
                x,
                required(name + ".weight"),
                weight(name + ".bias"),
                new long[] {stride, stride},
                new long[] {padding, padding},
                new long[] {1, 1},
                1);
    }

    /** 3x3, size kept. */
    Tensor conv3(String name, Tensor x) {
        return conv(name, x, 1, 1);
    }

    Tensor linear(String name, Tensor x) {
        return torch.linear(x, required(name + ".weight"), weight(name + ".bias"));
    }

    Tensor norm(String name, Tensor x, int groups, double eps) {
        return torch.group_norm(x, groups, weight(name + ".weight"), weight(name + ".bias"), eps, false);
    }

    static Tensor up(Tensor x) {
        return torch.upsample_nearest2d(
                x, new long[] {2 * x.size(2), 2 * x.size(3)}, new DoubleOptional(), new DoubleOptional());
    }

    static Tensor cat(Tensor a, Tensor b) {
        return torch.cat(new TensorVector(a, b), 1);
    }

    /** {@code [B, channels]} from float timesteps {@code [B]}; exponents are rounded as the reference codes round them. */
    static Tensor sinusoid(Tensor t, int channels, int shift, TimeEmbedding.Order order) {
        int half = channels / 2;
        var frequencies = new float[half];
        for (int i = 0; i < half; i++) {
            frequencies[i] = (float) Math.exp((float) (-Math.log(10000) * i) / (half - shift));
        }
        var angles = t.unsqueeze(1).mul(Tensor.create(frequencies, 1, half));
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
}
