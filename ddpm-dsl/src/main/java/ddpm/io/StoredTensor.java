package ddpm.io;

import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A tensor as it lies in a file: its elements in row-major order, little-endian, without gaps.
 *
 * @param dtype element type
 * @param shape sizes, outermost first
 * @param data exactly {@code shape.numel() * dtype.bytes()} bytes, position 0, little-endian; may be a mapped file
 */
public record StoredTensor(DType dtype, Shape shape, ByteBuffer data) {
    public StoredTensor {
        long need = Math.multiplyExact(shape.numel(), (long) dtype.bytes());
        if (data.remaining() != need) {
            throw new IllegalArgumentException(
                    "a " + dtype + " tensor of shape " + shape + " is " + need + " bytes, not " + data.remaining());
        }
        data = data.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A fresh view of the bytes, so that readers do not move each other's position. */
    @Override
    public ByteBuffer data() {
        return data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }
}
