package ddpm.tests.networks;

import ddpm.nn.Params;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Tensor;
import ddpm.torch.cpp.CppTensors;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** Random weights for both sides: ours in their flat buffer, JavaCPP's as separate row-major leaves. */
public final class Weights {
    private Weights() {}

    /** Fills all parameters with noise of a size that keeps activations near 1, also those that start at 0. */
    public static void randomise(Params params) {
        params.allocate(Device.CPU, DType.FLOAT32);
        var random = new Random(3);
        try (var _ = GradMode.off()) {
            for (var param : params.all()) {
                var shape = param.shape();
                double fanIn = shape.rank() > 1 ? (double) shape.numel() / shape.size(0) : 100;
                var values = new float[Math.toIntExact(shape.numel())];
                boolean scale = param.name().contains("norm") && param.name().endsWith("weight");
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) (random.nextGaussian() / Math.sqrt(fanIn) + (scale ? 1 : 0));
                }
                param.tensor().copyFrom(Tensor.of(values, shape));
            }
        }
    }

    /** Row-major copies of the current scope. */
    public static Map<String, Tensor> copies(Params params) {
        var copies = new LinkedHashMap<String, Tensor>();
        for (var param : params.all()) {
            copies.put(
                    param.name(),
                    Tensor.empty(param.shape(), DType.FLOAT32, Device.CPU)
                            .copyFrom(param.tensor().detach()));
        }
        return copies;
    }

    /** The same as leaves, in which gradients are left. */
    static Map<String, Tensor> leaves(Params params) {
        var leaves = copies(params);
        leaves.values().forEach(leaf -> leaf.requiresGrad(true));
        return leaves;
    }

    /** The same tensors under JavaCPP's class. */
    public static CppLayers cpp(Map<String, Tensor> tensors) {
        var theirs = new LinkedHashMap<String, org.bytedeco.pytorch.Tensor>();
        tensors.forEach((name, tensor) -> theirs.put(name, CppTensors.toCpp(tensor)));
        return new CppLayers(theirs);
    }
}
