package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.Ops;
import ddpm.torch.PackedKernel;
import ddpm.torch.Shaping;
import ddpm.torch.Tensor;
import java.util.List;
import java.util.function.Function;

/**
 * Linear layers of one input and with as many outputs each, all with biases: one product where parameters are fixed, which
 * threads share better than several small ones.
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
     * @param x {@code [..., in]}
     * @return {@code [..., out]} of each layer, perhaps as views of one tensor
     */
    List<Tensor> forward(Tensor x) {
        if (!packed.isKept() || !PackedKernel.suits(x)) {
            return layers.stream().map(layer -> layer.forward(x)).toList();
        }
        long rows = x.shape().numel() / x.shape().size(-1);
        var weight = packed.get(
                PackedKernel.Layout.of(x), () -> PackedKernel.ofLinear(joined(Linear::weight, x.dtype()), rows));
        var bias = biases.get(x.dtype(), () -> joined(Linear::bias, x.dtype()));
        return Shaping.chunk(PackedKernel.linear(x, weight, bias), layers.size(), -1);
    }

    private Tensor joined(Function<Linear, Param> part, DType type) {
        return Ops.cat(
                0, layers.stream().map(layer -> part.apply(layer).as(type)).toArray(Tensor[]::new));
    }
}
