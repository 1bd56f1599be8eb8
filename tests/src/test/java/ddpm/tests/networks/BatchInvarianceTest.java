package ddpm.tests.networks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import ddpm.nn.Network;
import ddpm.nn.NetworkConfig;
import ddpm.nn.Params;
import ddpm.nn.UNetMini;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One image is one image: its bits do not depend on the batch that it is in, nor on the number of threads. In bfloat16 that
 * holds where the processor has no AVX-512; its kernels, and those of AMX, are chosen by size, as each run's last line says.
 */
class BatchInvarianceTest {
    private static final int IMAGES = 16;
    private static final int SIZE = 16;

    static Stream<NetworkConfig> networks() {
        // the last is wide enough for convolutions with fewer multiplications
        return Stream.concat(
                NetworksTest.networks(),
                Stream.of(UNetMini.Config.ofChannels(1), new UNetMini.Config(1, 128, List.of(1, 1, 1), 32)));
    }

    @ParameterizedTest
    @MethodSource("networks")
    void anImageIsTheSameInEveryBatch(NetworkConfig config) {
        compareBatches(config, DType.FLOAT32, 1, 2, 3, 5, 16);
    }

    @ParameterizedTest
    @MethodSource("ddpm.tests.networks.NetworksTest#networks")
    void anImageIsTheSameInEveryBatchInBfloat16(NetworkConfig config) throws IOException {
        assumeFalse(
                Files.readString(Path.of("/proc/cpuinfo")).contains("avx512"),
                "with AVX-512, kernels for bfloat16 are chosen by size");
        compareBatches(config, DType.BFLOAT16, 1, 5);
    }

    private static void compareBatches(NetworkConfig config, DType precision, int... batches) {
        try (var params = new Params();
                var _ = TensorScope.open();
                var _ = GradMode.off()) {
            var network = config.build(params.root());
            Weights.randomise(params);
            params.fixed();
            var random = new SplittableRandom(1);
            var pixels = new float[IMAGES * config.inChannels() * SIZE * SIZE];
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = (float) random.nextGaussian();
            }
            var x = Tensor.of(pixels, Shape.of(IMAGES, config.inChannels(), SIZE, SIZE));
            var together = drawn(config, network, x, precision, IMAGES, 1);
            for (int threads = 1; threads <= 2; threads++) {
                for (int batch : batches) {
                    var apart = drawn(config, network, x, precision, batch, threads);
                    for (int i = 0; i < IMAGES; i++) {
                        assertArrayEquals(
                                together[i], apart[i], "image " + i + ", batch " + batch + ", threads " + threads);
                    }
                }
            }
        }
    }

    /** All images in batches, each cut into slices as the sampler and the meters cut it. */
    private static float[][] drawn(
            NetworkConfig config, Network network, Tensor x, DType precision, int batch, int threads) {
        var results = new float[IMAGES][];
        for (int first = 0; first < IMAGES; first += batch) {
            int begin = first;
            int count = Math.min(batch, IMAGES - first);
            try (var workers = Workers.forBatch(Device.CPU, threads, count)) {
                workers.run(count, (_, from, to) -> {
                    try (var _ = GradMode.off()) {
                        forward(config, network, x, precision, begin + from, to - from, results);
                    }
                    return null;
                });
            }
        }
        return results;
    }

    private static void forward(
            NetworkConfig config, Network network, Tensor x, DType precision, int from, int count, float[][] results) {
        try (var _ = TensorScope.open()) {
            var y = network.forward(
                            x.narrow(0, from, count).contiguous(),
                            Tensor.of(new long[] {500}, Shape.of(1)),
                            config.labels() == 0 ? null : Tensor.of(new long[count], Shape.of(count)),
                            precision)
                    .toFloats();
            int length = y.length / count;
            for (int i = 0; i < count; i++) {
                results[from + i] = Arrays.copyOfRange(y, i * length, (i + 1) * length);
            }
        }
    }
}
