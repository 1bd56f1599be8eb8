package ddpm.nn;

import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import java.util.Arrays;

/** Numbers that a block computes with and that are no parameter: in no checkpoint, but on the parameters' device. */
final class Buffer {
    private final Shape shape;
    private final float[] values;
    Tensor value;

    Buffer(Shape shape, float[] values) {
        this.shape = shape;
        this.values = values;
    }

    /** Whether it is of this shape and these numbers. */
    boolean has(Shape otherShape, float[] otherValues) {
        return shape.equals(otherShape) && Arrays.equals(values, otherValues);
    }

    /** A float32 tensor of them on the CPU, in the current scope. */
    Tensor onCpu() {
        return Tensor.of(values, shape);
    }

    /**
     * The live tensor.
     *
     * @throws IllegalStateException before its {@link Params} were allocated
     */
    Tensor tensor() {
        if (value == null) {
            throw new IllegalStateException("a constant has no memory yet: allocate the Params of its network first");
        }
        return value;
    }
}
