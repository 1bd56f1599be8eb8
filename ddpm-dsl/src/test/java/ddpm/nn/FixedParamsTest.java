package ddpm.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.LibTorch;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FixedParamsTest {
    static Stream<NetworkConfig> networks() {
        return Stream.of(
                new UNetMini.Config(3, 16, List.of(1, 2, 2), 32),
                UNetConfig.of(1, 16, List.of(1, 2), 1, List.of(false, true), 8, 0));
    }

    private static final int TIMESTEPS = 600;

    private static Params initialised(Params params) {
        var random = new Random(3);
        return params.allocate(Device.CPU, DType.FLOAT32).initialise((_, target) -> {
            for (int i = 0; i < target.length; i++) {
                target[i] = random.nextFloat();
            }
        });
    }

    /** A network, and another of the same weights that keeps what it derives from them. */
    private static final class Twins implements AutoCloseable {
        private final Params params = new Params();
        private final Params kept = new Params();
        private final Network plain;
        private final Network fixed;

        Twins(NetworkConfig config) {
            plain = config.build(params.root());
            fixed = config.build(kept.root());
            initialised(params);
            kept.sharing(params).fixed();
            fixed.tabulate(TIMESTEPS);
        }

        @Override
        public void close() {
            kept.close();
            params.close();
        }
    }

    private static Tensor image(int batch, int channels) {
        return images(batch, channels, 16);
    }

    private static Tensor images(int batch, int channels, int side) {
        var random = new Random(5);
        var values = new float[batch * channels * side * side];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(values, Shape.of(batch, channels, side, side));
    }

    /** The same sums in another order where linear layers change their kernel: float32 rounding of values around 1. */
    @ParameterizedTest
    @MethodSource("networks")
    void keptValuesChangeNothingButRounding(NetworkConfig config) {
        try (var twins = new Twins(config);
                var _ = GradMode.off();
                var _ = TensorScope.open()) {
            for (int batch : new int[] {2, 1, 3}) { // kernels laid out for the first serve the third
                var x = image(batch, config.inChannels());
                var t = Tensor.of(new long[] {500}, Shape.of(1));
                var expected = twins.plain.forward(x, t).toFloats();
                assertArrayEquals(expected, twins.fixed.forward(x, t).toFloats(), 1e-5f, "batch " + batch);
                assertArrayEquals(expected, twins.fixed.forward(x, t).toFloats(), 1e-5f, "batch " + batch + " again");
            }
        }
    }

    /** Kept embeddings serve one timestep for all images; others, and those of many images, are computed. */
    @ParameterizedTest
    @MethodSource("networks")
    void everyTimestepIsTheSameWhetherItWasKeptOrNot(NetworkConfig config) {
        try (var twins = new Twins(config);
                var _ = GradMode.off();
                var _ = TensorScope.open()) {
            var x = image(3, config.inChannels());
            for (long[] steps : new long[][] {{0}, {1}, {TIMESTEPS - 1}, {TIMESTEPS}, {5000}, {3, 0, 599}, {7, 7, 7}}) {
                var t = Tensor.of(steps, Shape.of(steps.length));
                var expected = twins.plain.forward(x, t).toFloats();
                assertArrayEquals(expected, twins.fixed.forward(x, t).toFloats(), 1e-5f, Arrays.toString(steps));
            }
            assertFalse(Arrays.equals(
                    twins.fixed
                            .forward(x, Tensor.of(new long[] {3}, Shape.of(1)))
                            .toFloats(),
                    twins.fixed
                            .forward(x, Tensor.of(new long[] {4}, Shape.of(1)))
                            .toFloats()));
        }
    }

    /** bfloat16 has 8 bits: two significant digits of outputs around 1. */
    @ParameterizedTest
    @MethodSource("networks")
    void aFixedNetworkComputesInBfloat16AsAPlainOneDoes(NetworkConfig config) {
        try (var twins = new Twins(config);
                var _ = GradMode.off();
                var _ = TensorScope.open()) {
            var x = image(2, config.inChannels()).to(DType.BFLOAT16);
            var t = Tensor.of(new long[] {500}, Shape.of(1));
            twins.fixed.forward(x.to(DType.FLOAT32), t); // it keeps values of each precision apart
            var y = twins.fixed.forward(x, t);
            assertEquals(DType.BFLOAT16, y.dtype());
            assertArrayEquals(
                    twins.plain.forward(x, t).to(DType.FLOAT32).toFloats(),
                    y.to(DType.FLOAT32).toFloats(),
                    0.05f);
        }
    }

    @Test
    void whatIsKeptIsFreedWithItsParameters() {
        var config = networks().findFirst().orElseThrow();
        long before = TensorScope.liveTensors();
        try (var params = new Params();
                var _ = GradMode.off()) {
            var network = config.build(params.root());
            initialised(params).fixed();
            try (var _ = TensorScope.open()) {
                network.forward(image(1, 3), Tensor.of(new long[] {1}, Shape.of(1)));
            }
            assertTrue(TensorScope.liveTensors() > before + params.all().size(), "kernels are kept");
        }
        assertEquals(before, TensorScope.liveTensors());
    }

    /** Kernels are laid out for an image that threads share as well, but not for each of many sizes. */
    @ParameterizedTest
    @MethodSource("networks")
    void imagesAloneOfManySizesAreAsWithoutKeptKernelsAndKeepFew(NetworkConfig config) {
        int threads = LibTorch.load().threads();
        try (var twins = new Twins(config);
                var _ = GradMode.off();
                var _ = TensorScope.open()) {
            var t = Tensor.of(new long[] {500}, Shape.of(1));
            LibTorch.load().setThreads(1);
            long[] kept = new long[10];
            for (int i = 0; i < kept.length; i++) {
                boolean many = i == 0 || i == kept.length - 1;
                int side = many ? 16 : 8 + 8 * i;
                try (var _ = TensorScope.open()) {
                    var x = images(many ? 3 : 1, config.inChannels(), side);
                    assertArrayEquals(
                            twins.plain.forward(x, t).toFloats(),
                            twins.fixed.forward(x, t).toFloats(),
                            1e-5f,
                            side + " pixels");
                }
                kept[i] = TensorScope.liveTensors();
                LibTorch.load().setThreads(2);
            }
            assertTrue(kept[1] > kept[0], "an image alone has kernels of its own");
            assertEquals(kept[6], kept[8], "the first sizes have taken what may be kept");
            assertTrue(kept[9] > kept[8], "a batch on two threads has kernels of its own, whatever came before");
        } finally {
            LibTorch.load().setThreads(threads);
        }
    }

    @Test
    void afterAForwardPassOnlyItsResultAndWhatIsKeptAreOpen() {
        for (var config : networks().toList()) {
            try (var twins = new Twins(config);
                    var _ = GradMode.off();
                    var _ = TensorScope.open()) {
                var x = image(2, config.inChannels());
                var t = Tensor.of(new long[] {500}, Shape.of(1));
                twins.fixed.forward(x, t); // keeps
                long before = TensorScope.liveTensors();
                twins.fixed.forward(x, t);
                long open = TensorScope.liveTensors() - before;
                assertTrue(open < 6, config + " left " + open + " tensors open, of a hundred that it made");
            }
        }
    }

    @Test
    void fixedParametersRefuseToChange() {
        try (var params = new Params()) {
            networks().findFirst().orElseThrow().build(params.root());
            assertThrows(IllegalStateException.class, params::fixed, "they have no memory yet");
            initialised(params).fixed();
            for (Runnable change : List.<Runnable>of(
                    params::trainable, () -> params.load(Map.of()), () -> params.initialise((_, _) -> {}))) {
                var refused = assertThrows(IllegalStateException.class, change::run);
                assertTrue(refused.getMessage().contains("fixed()"), refused.getMessage());
            }
        }
    }

    @Test
    void parametersInTrainingCannotBeFixed() {
        try (var params = new Params()) {
            networks().findFirst().orElseThrow().build(params.root());
            initialised(params).trainable();
            assertThrows(IllegalStateException.class, params::fixed);
        }
    }
}
