package ddpm.tests.digits;

import static ddpm.nn.Layers.conv2d;
import static ddpm.nn.Layers.flatten;
import static ddpm.nn.Layers.linear;
import static ddpm.nn.Layers.maxPool2d;
import static ddpm.nn.Layers.relu;
import static ddpm.nn.Layers.sequential;

import ddpm.io.Safetensors;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFiles;
import ddpm.nn.Block;
import ddpm.nn.Conv2d;
import ddpm.nn.Params;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** LeNet-5 (LeCun et al. 1998) with rectifiers and maximum pooling: tells which digit a 32x32 image shows. */
final class LeNet implements AutoCloseable {
    private static final Conv2d.Config KERNEL5 = new Conv2d.Config(5, 1, 0);

    final Params params = new Params();
    private final Block network = sequential(
                    conv2d(1, 6, KERNEL5), // [B, 6, 28, 28]
                    relu(),
                    maxPool2d(2),
                    conv2d(6, 16, KERNEL5), // [B, 16, 10, 10]
                    relu(),
                    maxPool2d(2),
                    flatten(), // [B, 400]
                    linear(400, 120),
                    relu(),
                    linear(120, 84),
                    relu(),
                    linear(84, 10))
            .at(params.root());

    LeNet() {
        params.allocate(Device.CPU, DType.FLOAT32);
    }

    static LeNet load(Path file) throws IOException {
        var lenet = new LeNet();
        try (var _ = TensorScope.open()) {
            var tensors = new LinkedHashMap<String, Tensor>();
            TensorFiles.read(file).forEach((name, t) -> tensors.put(name, Tensor.of(t.data(), t.dtype(), t.shape())));
            lenet.params.load(tensors);
        }
        return lenet;
    }

    void save(Path file, Map<String, String> metadata) throws IOException {
        var stored = new LinkedHashMap<String, StoredTensor>();
        try (var _ = TensorScope.open()) {
            params.named(params.flat())
                    .forEach((name, tensor) ->
                            stored.put(name, new StoredTensor(DType.FLOAT32, tensor.shape(), tensor.toBytes())));
        }
        Safetensors.write(file, stored, metadata);
    }

    /** @param x images {@code [B, 1, 32, 32]} in [-1, 1] @return log-probabilities {@code [B, 10]} */
    Tensor forward(Tensor x) {
        return Ops.logSoftmax(network.forward(x), 1);
    }

    @Override
    public void close() {
        params.close();
    }
}
