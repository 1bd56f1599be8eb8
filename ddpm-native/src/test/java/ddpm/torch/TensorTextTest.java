package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The expected texts are what PyTorch 1.13 prints for these tensors, without "tensor(" and the indentation under it. */
class TensorTextTest {
    private static Tensor floats(Shape shape, float... values) {
        return Tensor.of(values, shape);
    }

    private static Tensor repeating(int count, int period) {
        var values = new float[count];
        IntStream.range(0, count).forEach(i -> values[i] = i % period);
        return Tensor.of(values, Shape.of(count));
    }

    private static Tensor upTo(int count) {
        return repeating(count, count);
    }

    @Test
    void scalar() {
        try (var _ = TensorScope.open()) {
            assertEquals("""
                    3.5000""", TensorText.of(Tensor.scalar(3.5f)));
        }
    }

    @Test
    void whole() {
        try (var _ = TensorScope.open()) {
            assertEquals("""
                    [[ 1.,  2.],
                     [-3., 40.]]""", TensorText.of(floats(Shape.of(2, 2), 1, 2, -3, 40)));
        }
    }

    @Test
    void decimals() {
        try (var _ = TensorScope.open()) {
            assertEquals("""
                    [[1.0000, 2.5000, 3.0000],
                     [4.0000, 5.0000, 6.0000]]""", TensorText.of(floats(Shape.of(2, 3), 1, 2.5f, 3, 4, 5, 6)));
        }
    }

    @Test
    void scientific() {
        try (var _ = TensorScope.open()) {
            assertEquals("""
                    [1.0000e-05, 1.0000e+00, 1.2346e+05]""", TensorText.of(floats(Shape.of(3), 1e-5f, 1, 123456)));
        }
    }

    @Test
    void specials() {
        try (var _ = TensorScope.open()) {
            assertEquals(
                    """
                    [   nan,    inf,   -inf, 1.5000, 0.0000]""",
                    TensorText.of(
                            floats(Shape.of(5), Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 1.5f, 0)));
        }
    }

    @Test
    void integers() {
        try (var _ = TensorScope.open()) {
            assertEquals("""
                    [[  1, -20],
                     [300,   4]]""", TensorText.of(Tensor.of(new long[] {1, -20, 300, 4}, Shape.of(2, 2))));
        }
    }

    @Test
    void bools() {
        try (var _ = TensorScope.open()) {
            assertEquals(
                    """
                    [ True, False]""", TensorText.of(Tensor.of(new long[] {1, 0}, Shape.of(2)).to(DType.BOOL)));
        }
    }

    @Test
    void empty() {
        try (var _ = TensorScope.open()) {
            assertEquals("""
                    []""", TensorText.of(floats(Shape.of(0, 3))));
        }
    }

    @Test
    void wrapped() {
        try (var _ = TensorScope.open()) {
            assertEquals("""
                    [0.0000, 0.1429, 0.2857, 0.4286, 0.5714, 0.7143, 0.8571, 1.0000, 1.1429, 1.2857,
                     1.4286, 1.5714, 1.7143, 1.8571, 2.0000, 2.1429, 2.2857, 2.4286, 2.5714, 2.7143,
                     2.8571, 3.0000, 3.1429, 3.2857, 3.4286, 3.5714, 3.7143, 3.8571, 4.0000, 4.1429]""", TensorText.of(upTo(30).to(DType.FLOAT64).div(7).to(DType.FLOAT32)));
        }
    }

    @Test
    void rank3() {
        try (var _ = TensorScope.open()) {
            assertEquals("""
                    [[[0., 1.],
                      [2., 3.]],

                     [[4., 5.],
                      [6., 7.]]]""", TensorText.of(upTo(8).view(2, 2, 2)));
        }
    }

    @Test
    void edges1() {
        try (var _ = TensorScope.open()) {
            assertEquals("""
                    [0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 1.9970e+03, 1.9980e+03,
                     1.9990e+03]""", TensorText.of(upTo(2000)));
        }
    }

    @Test
    void edges3() {
        try (var _ = TensorScope.open()) {
            assertEquals("""
                    [[[0.0000, 0.2500, 0.5000,  ..., 3.2500, 3.5000, 3.7500],
                      [4.0000, 0.0000, 0.2500,  ..., 3.0000, 3.2500, 3.5000],
                      [3.7500, 4.0000, 0.0000,  ..., 2.7500, 3.0000, 3.2500],
                      ...,
                      [3.5000, 3.7500, 4.0000,  ..., 2.5000, 2.7500, 3.0000],
                      [3.2500, 3.5000, 3.7500,  ..., 2.2500, 2.5000, 2.7500],
                      [3.0000, 3.2500, 3.5000,  ..., 2.0000, 2.2500, 2.5000]],

                     [[2.7500, 3.0000, 3.2500,  ..., 1.7500, 2.0000, 2.2500],
                      [2.5000, 2.7500, 3.0000,  ..., 1.5000, 1.7500, 2.0000],
                      [2.2500, 2.5000, 2.7500,  ..., 1.2500, 1.5000, 1.7500],
                      ...,
                      [2.0000, 2.2500, 2.5000,  ..., 1.0000, 1.2500, 1.5000],
                      [1.7500, 2.0000, 2.2500,  ..., 0.7500, 1.0000, 1.2500],
                      [1.5000, 1.7500, 2.0000,  ..., 0.5000, 0.7500, 1.0000]]]""", TensorText.of(repeating(4000, 17).view(2, 40, 50).mul(0.25)));
        }
    }

    @Test
    void large() {
        try (var _ = TensorScope.open()) {
            assertEquals("""
                    [1.0000e+09, 2.0000e+09]""", TensorText.of(floats(Shape.of(2), 1e9f, 2e9f)));
        }
    }

    @Test
    void theFirstLineDescribesAndClosedAndPackedTensorsHaveNoElements() {
        try (var _ = TensorScope.open()) {
            assertEquals(
                    "float32 [3] cpu [1., 2., 3.]", floats(Shape.of(3), 1, 2, 3).toString());
            var square = floats(Shape.of(2, 2), 1, 2, 3, 4).requiresGrad(true);
            assertEquals("float32 [2, 2] cpu\n[[1., 2.],\n [3., 4.]]", square.toString());
            square.close();
            assertEquals("a closed tensor", square.toString());
            var many = Tensor.zeros(Shape.of(7, 7, 7, 7, 7, 7, 7), DType.FLOAT32, Device.CPU);
            assertEquals(many.describe(), many.toString());
            assertFalse(Tensor.zeros(Shape.of(64, 64), DType.BFLOAT16, Device.CPU)
                            .toString()
                            .length()
                    > 1000);
        }
    }
}
