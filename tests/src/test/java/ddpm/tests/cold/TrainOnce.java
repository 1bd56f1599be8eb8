package ddpm.tests.cold;

import ddpm.nn.NetworkConfig;
import ddpm.nn.Params;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.MemoryFormat;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.Arrays;
import java.util.List;

/** What a child JVM of {@link StandardErrorTest} runs: small and larger networks, forwards and backwards. */
final class TrainOnce {
    private TrainOnce() {}

    public static void main(String[] args) {
        for (var config : List.<NetworkConfig>of(
                new UNetMini.Config(1, 8, List.of(1, 2, 2), 32),
                new UNetMini.Config(3, 64, List.of(1, 2, 2), 128),
                UNetConfig.of(3, 32, List.of(1, 2), 1, List.of(false, true), 8, 0.1))) {
            for (int batch : new int[] {1, 2, 16}) {
                for (var precision : List.of(DType.FLOAT32, DType.BFLOAT16)) {
                    train(config, batch, precision);
                }
            }
        }
        convolveInEveryShape();
        System.out.println("done");
    }

    private static void train(NetworkConfig config, int batch, DType precision) {
        try (var params = new Params();
                var _ = TensorScope.open()) {
            var network = config.build(params.root());
            params.allocate(Device.CPU, DType.FLOAT32)
                    .initialise((_, target) -> Arrays.fill(target, 0.5f))
                    .trainable();
            var x = Tensor.full(Shape.of(batch, config.inChannels(), 16, 16), 0.1, DType.FLOAT32, Device.CPU);
            var t = Tensor.of(new long[batch], Shape.of(batch));
            Ops.mean(network.forward(x, t, null, precision)).backward();
            try (var _ = GradMode.off()) {
                network.forward(x, t, null, precision);
            }
        }
    }

    /** ATen chooses between its kernels by size, layout and whether gradients are recorded. */
    private static void convolveInEveryShape() {
        for (int batch : new int[] {1, 2, 16, 32}) {
            for (int channels : new int[] {1, 8, 64}) {
                for (int side : new int[] {4, 8, 32}) {
                    for (var format : new MemoryFormat[] {MemoryFormat.CONTIGUOUS, MemoryFormat.CHANNELS_LAST}) {
                        try (var _ = TensorScope.open()) {
                            var x = Tensor.empty(
                                            Shape.of(batch, channels, side, side), DType.FLOAT32, Device.CPU, format)
                                    .fill(1);
                            var w = Tensor.empty(Shape.of(8, channels, 3, 3), DType.FLOAT32, Device.CPU, format)
                                    .fill(1);
                            Ops.conv2d(x, w, null, 1, 1);
                            Ops.sum(Ops.conv2d(x, w.requiresGrad(true), null, 1, 1))
                                    .backward();
                        }
                    }
                }
            }
        }
    }
}
