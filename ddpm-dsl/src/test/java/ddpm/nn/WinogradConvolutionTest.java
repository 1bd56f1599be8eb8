package ddpm.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.LibTorch;
import ddpm.torch.MemoryFormat;
import ddpm.torch.Ops;
import ddpm.torch.PackedKernel;
import ddpm.torch.Pointwise;
import ddpm.torch.Reductions;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.Workers;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WinogradConvolutionTest {
    private final Params params = new Params();
    private TensorScope scope;
    private GradMode mode;

    @BeforeEach
    void needsOneDnn() {
        scope = TensorScope.open();
        mode = GradMode.off();
        assumeTrue(
                PackedKernel.suits(Tensor.zeros(Shape.of(1), DType.FLOAT32, Device.CPU)),
                "this libtorch is built without oneDNN, of which it is made");
    }

    @AfterEach
    void close() {
        mode.close();
        scope.close();
        params.close();
    }

    private static Tensor normals(Random random, long... sizes) {
        var shape = Shape.of(sizes);
        var values = new float[Math.toIntExact(shape.numel())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(values, shape);
    }

    /** Of a weight of normals. */
    private WinogradConvolution winograd(Random random, int in, int out) {
        var shape = Shape.of(out, in, 3, 3);
        var weight = params.root().param("weight", shape, Init.ZEROS);
        var winograd = new WinogradConvolution(params.root(), weight);
        params.allocate(Device.CPU, DType.FLOAT32);
        weight.tensor().copyFrom(normals(random, out, in, 3, 3));
        params.fixed();
        return winograd;
    }

    /** Against libtorch's convolution in float64; that in float32 shows how far rounding leads: about 1e-5 of the size. */
    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 4, 1",
        "2, 3, 5, 8, 7",
        "3, 16, 8, 12, 5",
        "1, 64, 64, 24, 28",
        "2, 128, 128, 16, 16",
        "1, 256, 64, 8, 8"
    })
    void isAsNearToTheExactConvolutionAsTheNineTaps(int batch, int in, int out, int height, int width) {
        var random = new Random(3);
        var winograd = winograd(random, in, out);
        var weight = params.all().getFirst().tensor();
        var bias = normals(random, out);
        var x = normals(random, batch, in, height, width).contiguous(MemoryFormat.CHANNELS_LAST);
        var exact = Ops.conv2d(x.to(DType.FLOAT64), weight.to(DType.FLOAT64), bias.to(DType.FLOAT64), 1, 1);
        double taps = error(Ops.conv2d(x, weight, bias, 1, 1), exact);
        double ours = error(winograd.convolve(x, bias), exact);
        double size = Math.sqrt(9.0 * in);
        assertTrue(ours < 1e-6 * size + 3 * taps, "off by " + ours + ", the nine taps by " + taps + " of " + size);

        var withoutBias = winograd.convolve(x.contiguous(), null); // row by row in memory
        var expected = exact.sub(bias.to(DType.FLOAT64).view(1, -1, 1, 1));
        assertTrue(error(withoutBias, expected) < 1e-6 * size + 3 * taps, "without bias");
    }

    /** The largest difference of an element. */
    private static double error(Tensor actual, Tensor expected) {
        assertEquals(expected.shape(), actual.shape());
        return Reductions.max(Pointwise.abs(actual.to(DType.FLOAT64).sub(expected)))
                .toDoubles()[0];
    }

    /** Channels that fill a processor's vectors, and some that do not. */
    @ParameterizedTest
    @ValueSource(ints = {64, 67})
    void anImageIsTheSameInEveryBatchOnAnyThreads(int channels) {
        var random = new Random(5);
        var winograd = winograd(random, channels, channels);
        var bias = normals(random, channels);
        var x = normals(random, 16, channels, 24, 24).contiguous(MemoryFormat.CHANNELS_LAST);
        var together = winograd.convolve(x, bias).toFloats();
        int length = together.length / 16;
        int threads = LibTorch.load().threads();
        try {
            for (int count = 1; count <= 3; count++) {
                LibTorch.load().setThreads(count);
                for (int batch : new int[] {1, 2, 3, 5}) {
                    for (int first = 0; first + batch <= 16; first += batch) {
                        var some = winograd.convolve(x.narrow(0, first, batch), bias)
                                .toFloats();
                        assertArrayEquals(
                                Arrays.copyOfRange(together, first * length, (first + batch) * length),
                                some,
                                "images from " + first + ", batch " + batch + ", threads " + count);
                    }
                }
            }
        } finally {
            LibTorch.load().setThreads(threads);
        }
    }

    /** On a processor where it was measured; elsewhere nothing is. */
    @Test
    void itTakesThePlaceOfLargeConvolutionsOnlyForDrawing() {
        boolean measured = LibTorch.load().cpuCapability().equals("AVX2");
        var random = new Random(6);
        var winograd = winograd(random, 128, 64);
        var large = Tensor.zeros(Shape.of(1, 128, 32, 32), DType.FLOAT32, Device.CPU);
        assertEquals(measured, winograd.suits(large));
        assertFalse(winograd.suits(large.to(DType.BFLOAT16)));
        assertFalse(winograd.suits(Tensor.zeros(Shape.of(64, 128, 8, 8), DType.FLOAT32, Device.CPU)));
        assertFalse(winograd.suits(Tensor.zeros(Shape.of(1, 128, 30, 32), DType.FLOAT32, Device.CPU)));
        try (var trained = new Params()) {
            var weight = trained.root().param("weight", Shape.of(64, 128, 3, 3), Init.ZEROS);
            var training = new WinogradConvolution(trained.root(), weight);
            trained.allocate(Device.CPU, DType.FLOAT32);
            assertFalse(training.suits(large));
        }
    }

    @Test
    void twoWorkersMayPackItAtOnce() {
        var random = new Random(8);
        var winograd = winograd(random, 64, 64);
        var x = normals(random, 2, 64, 24, 24).contiguous(MemoryFormat.CHANNELS_LAST);
        try (var workers = new Workers(2, 1)) {
            var halves = workers.run(i -> {
                try (var _ = TensorScope.open();
                        var _ = GradMode.off()) {
                    return winograd.convolve(x.narrow(0, i, 1), null).toFloats();
                }
            });
            assertArrayEquals(winograd.convolve(x.narrow(0, 1, 1), null).toFloats(), halves.get(1));
        }
    }
}
