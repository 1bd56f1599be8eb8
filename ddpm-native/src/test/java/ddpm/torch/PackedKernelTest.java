package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PackedKernelTest {
    private TensorScope scope;
    private GradMode mode;

    @BeforeEach
    void needsOneDnn() {
        scope = TensorScope.open();
        mode = GradMode.off();
        assumeTrue(
                PackedKernel.suits(Tensor.zeros(Shape.of(1), DType.FLOAT32, Device.CPU)),
                "this libtorch is built without oneDNN");
    }

    @AfterEach
    void close() {
        mode.close();
        scope.close();
    }

    /** Sums of at most 9 * 64 products of normals, in another order at most: 1e-6 of their size of about 24. */
    @ParameterizedTest
    @CsvSource({"4, 64, 8, 32, 3, 1, 1", "1, 3, 9, 64, 3, 1, 1", "2, 16, 8, 16, 1, 1, 0", "2, 16, 9, 16, 3, 2, 0"})
    void convolvesAsTheOperatorDoes(int batch, int in, int side, int out, int kernel, int stride, int padding) {
        var x = Normals.of(batch, in, side, side).contiguous(MemoryFormat.CHANNELS_LAST);
        var weight = Normals.of(out, in, kernel, kernel);
        var bias = Normals.of(out);
        var packed = PackedKernel.ofConv2d(weight, x.shape(), stride, padding);
        assertArrayEquals(
                Ops.conv2d(x, weight, bias, stride, padding).toFloats(),
                PackedKernel.conv2d(x, packed, bias, stride, padding).toFloats(),
                5e-5f);
        var one = x.narrow(0, 0, 1); // another shape than it was laid out for
        assertArrayEquals(
                Ops.conv2d(one, weight, null, stride, padding).toFloats(),
                PackedKernel.conv2d(one, packed, null, stride, padding).toFloats(),
                5e-5f);
    }

    @Test
    void aLayoutIsOneForAllImagesButForThoseThatThreadsShare() {
        int threads = LibTorch.load().threads();
        var one = Tensor.zeros(Shape.of(1, 3, 8, 8), DType.FLOAT32, Device.CPU);
        var other = Tensor.zeros(Shape.of(1, 3, 16, 16), DType.FLOAT32, Device.CPU);
        var many = Tensor.zeros(Shape.of(5, 3, 8, 8), DType.FLOAT32, Device.CPU);
        try {
            LibTorch.load().setThreads(1);
            var usual = PackedKernel.Layout.of(many);
            assertEquals(usual, PackedKernel.Layout.of(one));
            assertEquals(usual, PackedKernel.Layout.of(other));
            assertNotEquals(usual, PackedKernel.Layout.of(many.to(DType.BFLOAT16)));
            LibTorch.load().setThreads(2);
            assertNotEquals(usual, PackedKernel.Layout.of(one));
            assertNotEquals(PackedKernel.Layout.of(many), PackedKernel.Layout.of(one));
            assertNotEquals(PackedKernel.Layout.of(other), PackedKernel.Layout.of(one));
        } finally {
            LibTorch.load().setThreads(threads);
        }
    }

    @ParameterizedTest
    @CsvSource({"2, 6, 8, 12", "3, 4, 64, 64", "1, 2, 3, 1"})
    void convolvesInGroups(int batch, int groups, int in, int out) {
        var x = Normals.of(batch, groups * in, 4, 7).contiguous(MemoryFormat.CHANNELS_LAST);
        var weight = Normals.of(groups * out, in, 1, 3);
        var bias = Normals.of(groups * out);
        var packed = PackedKernel.ofConv2d(weight, x.shape(), 1, 0, 1, groups);
        var actual = PackedKernel.conv2d(x, packed, bias, 1, 0, 1, groups);
        for (int group = 0; group < groups; group++) {
            int first = group * out;
            var expected = Ops.conv2d(
                    Ops.padZeros(x.narrow(1, group * in, in), 1, 1, 0, 0),
                    weight.narrow(0, first, out),
                    bias.narrow(0, first, out),
                    1,
                    0);
            assertArrayEquals(expected.toFloats(), actual.narrow(1, first, out).toFloats(), 5e-5f, "group " + group);
        }
        assertThrows(
                IllegalArgumentException.class, () -> PackedKernel.ofConv2d(weight, x.shape(), 1, 0, 1, groups + 1));
    }

    @ParameterizedTest
    @CsvSource({"1, 128, 512", "7, 32, 16", "256, 64, 64"})
    void multipliesAsTheOperatorDoes(int rows, int in, int out) {
        var x = Normals.of(rows, in);
        var weight = Normals.of(out, in);
        var bias = Normals.of(out);
        var packed = PackedKernel.ofLinear(weight, rows);
        assertArrayEquals(
                Ops.linear(x, weight, bias).toFloats(),
                PackedKernel.linear(x, packed, bias).toFloats(),
                5e-5f);
    }

    @Test
    void aRowIsTheSameWhateverRowsAreBesideIt() {
        var x = Normals.of(64, 96);
        var weight = Normals.of(48, 96);
        var packed = PackedKernel.ofLinear(weight, 64);
        var all = PackedKernel.linear(x, packed, null).toFloats();
        var few = PackedKernel.linear(x.narrow(0, 0, 5).contiguous(), packed, null)
                .toFloats();
        assertArrayEquals(Arrays.copyOf(all, few.length), few);
    }

    @Test
    void shapesAreCheckedBeforeOneDnnSeesThem() {
        var packed = PackedKernel.ofConv2d(Normals.of(8, 4, 3, 3), Shape.of(1, 4, 8, 8), 1, 1);
        assertThrows(
                IllegalArgumentException.class,
                () -> PackedKernel.conv2d(Normals.of(1, 5, 8, 8), packed, null, 1, 1),
                "channels");
        assertThrows(
                IllegalArgumentException.class,
                () -> PackedKernel.conv2d(Normals.of(1, 4, 8, 8), packed, Normals.of(7), 1, 1),
                "bias");
        var matrix = PackedKernel.ofLinear(Normals.of(8, 4), 2);
        assertThrows(IllegalArgumentException.class, () -> PackedKernel.linear(Normals.of(2, 5), matrix, null), "size");
        assertThrows(
                IllegalArgumentException.class,
                () -> PackedKernel.linear(Normals.of(2, 4).to(DType.BFLOAT16), matrix, null),
                "type");
    }

    @Test
    void aPackedConvolutionHasNoReadableElements() {
        var packed = PackedKernel.ofConv2d(Normals.of(8, 4, 3, 3), Shape.of(1, 4, 8, 8), 1, 1);
        assertThrows(IllegalArgumentException.class, packed::toFloats);
        assertThrows(IllegalArgumentException.class, packed::toBytes);
        assertThrows(IllegalArgumentException.class, () -> packed.add(packed));
        assertThrows(IllegalArgumentException.class, () -> Ops.cat(0, packed, packed));
        assertThrows(IllegalArgumentException.class, () -> packed.fill(1));
    }

    @Test
    void whereAGradientIsWantedItIsNotSuitableAndSaysSo() {
        var packed = PackedKernel.ofLinear(Normals.of(8, 4), 2);
        var x = Normals.of(2, 4).requiresGrad(true);
        assertTrue(PackedKernel.suits(x), "nothing is recorded here");
        try (var _ = GradMode.on()) {
            assertFalse(PackedKernel.suits(x));
            assertFalse(PackedKernel.suits(Normals.of(2, 4), null, x));
            assertThrows(IllegalStateException.class, () -> PackedKernel.linear(x, packed, null));
            assertThrows(
                    IllegalStateException.class,
                    () -> PackedKernel.linear(
                            Normals.of(2, 4), packed, Normals.of(8).requiresGrad(true)));
        }
    }

    @Test
    void sizesThatEndedTheProcessAreRefused() {
        var weight = Normals.of(1, 1, 3, 3);
        assertThrows(
                IllegalArgumentException.class,
                () -> PackedKernel.ofConv2d(weight, Shape.of(1, 1, 8, 8), 0, 0),
                "stride");
        assertThrows(IllegalArgumentException.class, () -> PackedKernel.ofLinear(Normals.of(3, 3), Long.MAX_VALUE));
        assertThrows(
                IllegalArgumentException.class,
                () -> Ops.convTranspose2d(Normals.of(4, 1, 8, 1), Normals.of(1, 4, 3, 3), null, 65536, 1));
    }

    @Test
    void integersAndNothingDoNotSuit() {
        assertFalse(PackedKernel.suits(Tensor.zeros(Shape.of(2), DType.INT64, Device.CPU)));
        assertFalse(PackedKernel.suits(Tensor.zeros(Shape.of(0, 3), DType.FLOAT32, Device.CPU)));
    }
}
