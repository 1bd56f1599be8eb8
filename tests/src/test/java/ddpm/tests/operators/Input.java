package ddpm.tests.operators;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.MemoryFormat;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import java.util.Random;

/**
 * One argument of an operator under test, made afresh for each side from the same numbers.
 *
 * @param positive whether its numbers are moved above 0.1, for logarithms and roots
 * @param gradient whether it is a leaf whose gradient is compared
 * @param labels for int64: numbers are drawn from 0 to this, exclusive; 0 for floating types
 */
record Input(Shape shape, DType dtype, MemoryFormat format, boolean positive, boolean gradient, int labels) {
    /** Normal float32 numbers, differentiable. */
    static Input normal(long... shape) {
        return new Input(Shape.of(shape), DType.FLOAT32, MemoryFormat.CONTIGUOUS, false, true, 0);
    }

    /** Indices or class labels. */
    static Input labels(int below, long... shape) {
        return new Input(Shape.of(shape), DType.INT64, MemoryFormat.CONTIGUOUS, false, false, below);
    }

    Input aboveZero() {
        return new Input(shape, dtype, format, true, gradient, labels);
    }

    Input constant() {
        return new Input(shape, dtype, format, positive, false, labels);
    }

    /** In another floating type and layout, as far as those apply to it. */
    Input as(DType type, MemoryFormat layout) {
        return labels > 0
                ? this
                : new Input(
                        shape, type, shape.rank() == 4 ? layout : MemoryFormat.CONTIGUOUS, positive, gradient, labels);
    }

    /** A new tensor of the current scope; the same {@code seed} gives the same numbers. */
    Tensor make(long seed) {
        var random = new Random(seed);
        int n = Math.toIntExact(shape.numel());
        try (var _ = GradMode.off()) {
            if (labels > 0) {
                return Tensor.of(random.longs(n, 0, labels).toArray(), shape);
            }
            var values = new float[n];
            for (int i = 0; i < n; i++) {
                float value = (float) random.nextGaussian();
                values[i] = positive ? Math.abs(value) + 0.1f : value;
            }
            var made = Tensor.empty(shape, dtype, Device.CPU, format).copyFrom(Tensor.of(values, shape));
            return made.requiresGrad(gradient);
        }
    }
}
