package ddpm.tests.bench;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.MemoryFormat;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.Workers;
import java.util.function.Supplier;

/**
 * What the machine can do at most with one worker per core: the rates of single operators, repeated on data that stays
 * in the caches, without anything between them.
 */
final class Ceiling {
    private static final double SECONDS = 0.4;

    private Ceiling() {}

    /** The largest rate of all workers together, in GFLOP/s, of a few convolutions and a matrix product in this type. */
    static double gigaflops(Workers workers, DType type, int imagesPerWorker) {
        return Math.max(
                Math.max(
                        convolution(workers, type, imagesPerWorker, 64, 32),
                        convolution(workers, type, imagesPerWorker, 128, 16)),
                product(workers, type, 1024));
    }

    private static double convolution(Workers workers, DType type, int images, int channels, int side) {
        double flops = 2.0 * 9 * channels * channels * side * side * images;
        return rate(workers, flops, () -> {
            var x = Tensor.empty(Shape.of(images, channels, side, side), type, Device.CPU, MemoryFormat.CHANNELS_LAST)
                    .fill(0.5);
            var w = Tensor.empty(Shape.of(channels, channels, 3, 3), type, Device.CPU, MemoryFormat.CHANNELS_LAST)
                    .fill(0.01);
            return () -> Ops.conv2d(x, w, null, 1, 1);
        });
    }

    private static double product(Workers workers, DType type, int n) {
        return rate(workers, 2.0 * n * n * n, () -> {
            var a = Tensor.full(Shape.of(n, n), 0.5, type, Device.CPU);
            var b = Tensor.full(Shape.of(n, n), 0.01, type, Device.CPU);
            return () -> Ops.matmul(a, b);
        });
    }

    private static double rate(Workers workers, double flops, Supplier<Runnable> operator) {
        var rates = workers.run(_ -> {
            try (var _ = TensorScope.open();
                    var _ = GradMode.off()) {
                var run = operator.get();
                once(run);
                long start = System.nanoTime();
                int runs = 0;
                double seconds = 0;
                while (seconds < SECONDS) {
                    once(run);
                    runs++;
                    seconds = (System.nanoTime() - start) / 1e9;
                }
                return runs * flops / seconds / 1e9;
            }
        });
        return rates.stream().mapToDouble(Double::doubleValue).sum();
    }

    private static void once(Runnable operator) {
        try (var _ = TensorScope.open()) {
            operator.run();
        }
    }
}
