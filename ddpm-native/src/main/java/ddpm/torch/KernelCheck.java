package ddpm.torch;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Comparison of libtorch's faster kernels with the plain ones on a few numbers of noise, because a kernel that does not
 * fail may still compute wrongly.
 */
public final class KernelCheck {
    /** The share of the largest result by which two float32 kernels may differ; sums in another order differ by 1e-5. */
    private static final double FLOAT32 = 1e-3;

    /** The same for bfloat16, whose numbers are rounded to 1 in 256. */
    private static final double BFLOAT16 = 0.02;

    /** Rows and columns of the noise images beyond those that the kernel needs. */
    private static final int EXTRA = 5;

    private KernelCheck() {}

    /**
     * Two kernels' results.
     *
     * @param difference the largest difference of two elements
     * @param largest the largest element of the plain kernel's result
     * @param tolerance the share of {@code largest} that {@code difference} may be
     */
    record Comparison(double difference, double largest, double tolerance) {
        static Comparison of(Tensor plain, Tensor other) {
            var expected = plain.toFloats();
            var actual = other.toFloats();
            double difference = 0;
            double largest = 0;
            for (int i = 0; i < expected.length; i++) {
                // max of NaN and anything is NaN
                difference = Math.max(difference, Math.abs(expected[i] - actual[i]));
                largest = Math.max(largest, Math.abs(expected[i]));
            }
            return new Comparison(difference, largest, plain.dtype() == DType.BFLOAT16 ? BFLOAT16 : FLOAT32);
        }

        boolean agrees() {
            return difference <= tolerance * largest;
        }

        /** Whether the plain kernel's result is finite: that of damaged weights says nothing about kernels. */
        boolean isFinite() {
            return Double.isFinite(largest);
        }

        /** {@code off by 26 %}. */
        @Override
        public String toString() {
            double percent = 100 * difference / largest;
            return Double.isFinite(percent)
                    ? String.format(Locale.ROOT, "off by %.2g %%", percent)
                    : "off by more than numbers can say";
        }
    }

    // ---- One kernel -----------------------------------------------------------------------------------------------

    static Comparison conv2d(Tensor weight, Tensor packed, Shape images, int stride, int padding) {
        var w = weight.shape();
        var x = noise(
                Shape.of(
                        Math.min(2, images.size(0)),
                        w.size(1),
                        Math.min(images.size(2), w.size(2) + stride + EXTRA),
                        Math.min(images.size(3), w.size(3) + stride + EXTRA)),
                weight.dtype());
        var channelsLast = x.contiguous(MemoryFormat.CHANNELS_LAST);
        var plain = Ops.conv2d(channelsLast, weight, null, stride, padding);
        return Comparison.of(plain, PackedKernel.convolve(channelsLast, packed, null, stride, padding));
    }

    static Comparison linear(Tensor weight, Tensor packed, long rows) {
        var x = noise(Shape.of(Math.min(3, rows), weight.shape().size(1)), weight.dtype());
        return Comparison.of(Ops.linear(x, weight, null), PackedKernel.multiply(x, packed, null));
    }

    /** Whether {@link CpuTuning}'s convolution of one small float32 image agrees with ATen's. */
    static boolean oneDnnConvolves() {
        for (long[] channels : CHANNELS) {
            var weight = noise(Shape.of(channels[0], channels[1], 3, 3), DType.FLOAT32);
            var x = noise(Shape.of(1, channels[1], EXTRA, EXTRA), DType.FLOAT32);
            var two = Ops.cat(0, x, x); // in a batch, ATen chooses its kernel itself
            var plain = Ops.conv2d(two, weight, null, 1, 1).narrow(0, 0, 1);
            if (!Comparison.of(plain, Ops.convolveByOneDnn(x, weight, null, 1, 1))
                    .agrees()) {
                return false;
            }
        }
        return true;
    }

    /** Numbers between -1 and 1, always the same. */
    private static Tensor noise(Shape shape, DType type) {
        var values = new float[Math.toIntExact(shape.numel())];
        int state = 1;
        for (int i = 0; i < values.length; i++) {
            state = state * 1664525 + 1013904223; // Numerical Recipes' generator; its high bits are random enough
            values[i] = state * 0x1p-31f;
        }
        return Tensor.of(values, shape).to(type);
    }

    // ---- This libtorch --------------------------------------------------------------------------------------------

    /** Output and input channels of the weights that are tried; sizes of 1 are what libtorch 2.10 gets wrong. */
    private static final long[][] CHANNELS = {{1, 32}, {32, 1}, {1, 1}, {16, 16}, {3, 64}, {64, 3}};

    /**
     * What {@link #of} found.
     *
     * @param plainIsRight whether plain convolutions and linear layers agree with those in float64
     * @param wrongPacked the packed kernels that differ from the plain ones, which are therefore not used; empty also
     *     where there are no packed kernels
     */
    public record Finding(boolean plainIsRight, List<String> wrongPacked) {
        public Finding {
            wrongPacked = List.copyOf(wrongPacked);
        }
    }

    /**
     * Tries this libtorch's convolutions and linear layers on the CPU.
     *
     * @param precision float32 or bfloat16
     */
    public static Finding of(DType precision) {
        boolean right = true;
        var wrong = new ArrayList<String>();
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            boolean packs = PackedKernel.suits(noise(Shape.of(1), precision));
            for (long[] channels : CHANNELS) {
                for (int kernel : new int[] {1, 3}) {
                    var weight = noise(Shape.of(channels[0], channels[1], kernel, kernel), precision);
                    var x = noise(Shape.of(2, channels[1], 8, 8), precision);
                    int padding = kernel / 2;
                    right &= agrees(
                            Ops.conv2d(x.to(DType.FLOAT64), weight.to(DType.FLOAT64), null, 1, padding),
                            Ops.conv2d(x, weight, null, 1, padding));
                    if (packs) {
                        for (var laidOut : List.of(weight, weight.contiguous(MemoryFormat.CHANNELS_LAST))) {
                            var packed = PackedKernel.pack(laidOut, x.shape(), 1, padding);
                            var comparison = conv2d(laidOut, packed, x.shape(), 1, padding);
                            if (!comparison.agrees()) {
                                wrong.add("convolution of " + weight.shape() + " " + comparison);
                                break;
                            }
                        }
                    }
                }
                var matrix = noise(Shape.of(channels), precision);
                var rows = noise(Shape.of(5, channels[1]), precision);
                right &= agrees(
                        Ops.linear(rows.to(DType.FLOAT64), matrix.to(DType.FLOAT64), null),
                        Ops.linear(rows, matrix, null));
                if (packs) {
                    var comparison = linear(matrix, PackedKernel.pack(matrix, 5), 5);
                    if (!comparison.agrees()) {
                        wrong.add("linear layer of " + matrix.shape() + " " + comparison);
                    }
                }
            }
        }
        return new Finding(right, wrong);
    }

    private static boolean agrees(Tensor exact, Tensor plain) {
        var rounded = exact.to(plain.dtype());
        return Comparison.of(rounded, plain).agrees();
    }
}
