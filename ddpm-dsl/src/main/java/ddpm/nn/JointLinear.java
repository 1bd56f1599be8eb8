package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.Ops;
import ddpm.torch.PackedKernel;
import ddpm.torch.Shaping;
import ddpm.torch.Tensor;
import java.util.List;
import java.util.function.Function;

/**
 * Linear layers of one input, all with biases, at each pixel of an image: where parameters are fixed one 1x1 convolution,
 * which threads share better than several small products.
 */
final class JointLinear {
    private final List<Linear> layers;
    private final Cached packed;
    private final Cached biases;

    JointLinear(ParamPath path, Linear... layers) {
        this.layers = List.of(layers);
        this.packed = new Cached(path);
        this.biases = new Cached(path);
    }

    /**
     * @param x {@code [B, in, H, W]}
     * @return {@code [B, H W, out]} of each layer, perhaps as views of one tensor
     */
    List<Tensor> forward(Tensor x) {
        if (!packed.isKept() || !PackedKernel.suits(x)) {
            var rows = rows(x);
            return layers.stream().map(layer -> layer.forward(rows)).toList();
        }
        var kernel =
                packed.get(PackedKernel.Layout.of(x), () -> PackedKernel.ofConv2d(kernel(x.dtype()), x.shape(), 1, 0));
        var bias = biases.get(x.dtype(), () -> joined(Linear::bias, x.dtype()));
        return Shaping.chunk(rows(PackedKernel.conv2d(x, kernel, bias, 1, 0)), layers.size(), -1);
    }

    /** {@code [B, H W, C]}: in channels-last memory the pixels are rows already, and nothing is copied. */
    private static Tensor rows(Tensor image) {
        var size = image.shape();
        return image.permute(0, 2, 3, 1).reshape(size.size(0), size.size(2) * size.size(3), size.size(1));
    }

    /** {@code [out, in, 1, 1]} of all layers. */
    private Tensor kernel(DType type) {
        var matrix = joined(Linear::weight, type);
        return matrix.view(matrix.shape().size(0), matrix.shape().size(1), 1, 1);
    }

    private Tensor joined(Function<Linear, Param> part, DType type) {
        return Ops.cat(
                0, layers.stream().map(layer -> part.apply(layer).as(type)).toArray(Tensor[]::new));
    }
}
