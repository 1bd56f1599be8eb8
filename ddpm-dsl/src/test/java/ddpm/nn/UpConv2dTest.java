package ddpm.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.MemoryFormat;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sums of up to 9 * in products of numbers around 1 in float32, in another order: 1e-5 of their size of about 10. */
class UpConv2dTest {
    private static final float TOLERANCE = 1e-4f;

    private static Tensor normals(Random random, long... sizes) {
        var shape = Shape.of(sizes);
        var values = new float[Math.toIntExact(shape.numel())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(values, shape);
    }

    /** For drawing, where fewer multiplications may be taken from 128 channels; in float64 the sums are exact beside it. */
    @ParameterizedTest
    @CsvSource({"2, 128, 24, 4, 6", "1, 160, 64, 8, 8", "1, 127, 8, 5, 3", "1, 128, 1, 1, 1"})
    void drawsTheConvolutionOfDoubledPixels(int batch, int in, int out, int height, int width) {
        try (var params = new Params();
                var _ = TensorScope.open();
                var _ = GradMode.off()) {
            var up = new UpConv2d(params.root(), in, out);
            params.allocate(Device.CPU, DType.FLOAT32);
            var random = new Random(9);
            var weight = normals(random, out, in, 3, 3);
            var bias = normals(random, out);
            params.all().get(0).tensor().copyFrom(weight);
            params.all().get(1).tensor().copyFrom(bias);
            params.fixed();
            var x = normals(random, batch, in, height, width);
            var doubled = Ops.upsampleNearest2d(x.to(DType.FLOAT64), 2);
            var expected = Ops.conv2d(doubled, weight.to(DType.FLOAT64), bias.to(DType.FLOAT64), 1, 1)
                    .to(DType.FLOAT32);
            var channelsLast = x.contiguous(MemoryFormat.CHANNELS_LAST);
            assertArrayEquals(expected.toFloats(), up.forward(channelsLast).toFloats(), 3 * TOLERANCE);
            assertArrayEquals(expected.toFloats(), up.forward(x).toFloats(), 3 * TOLERANCE, "row by row in memory");
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1, 1", "2, 3, 5, 4, 6", "1, 16, 8, 7, 3", "3, 8, 16, 8, 8"})
    void isTheConvolutionOfDoubledPixelsAndHasItsGradients(int batch, int in, int out, int height, int width) {
        try (var params = new Params();
                var _ = TensorScope.open();
                var _ = GradMode.on()) {
            var up = new UpConv2d(params.root(), in, out);
            params.allocate(Device.CPU, DType.FLOAT32);
            var random = new Random(7);
            var weight = normals(random, out, in, 3, 3);
            var bias = normals(random, out);
            var values = normals(random, batch, in, height, width).contiguous(MemoryFormat.CHANNELS_LAST);
            var direction = normals(random, batch, out, 2L * height, 2L * width);
            try (var _ = GradMode.off()) {
                params.all().get(0).tensor().copyFrom(weight);
                params.all().get(1).tensor().copyFrom(bias);
            }
            params.trainable();
            var x = values.copy().requiresGrad(true);
            var y = up.forward(x);
            Ops.sum(y.mul(direction)).backward();

            var expectedWeight = weight.requiresGrad(true);
            var expectedX = values.copy().requiresGrad(true);
            var expected = Ops.conv2d(Ops.upsampleNearest2d(expectedX, 2), expectedWeight, bias, 1, 1);
            Ops.sum(expected.mul(direction)).backward();

            assertArrayEquals(expected.toFloats(), y.toFloats(), TOLERANCE);
            assertArrayEquals(expectedX.grad().toFloats(), x.grad().toFloats(), TOLERANCE);
            // A weight's gradient sums over all pixels of the batch.
            float sums = TOLERANCE * batch * height * width;
            var gradient =
                    params.named(params.flatGradient()).values().iterator().next();
            assertArrayEquals(expectedWeight.grad().toFloats(), gradient.toFloats(), sums);
        }
    }
}
