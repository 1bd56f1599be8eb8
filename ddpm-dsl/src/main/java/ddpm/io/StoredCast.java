package ddpm.io;

import static ddpm.text.Untrusted.quote;

import ddpm.torch.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Stored tensors in another floating type, without libtorch: each value is rounded to the nearest one of the target,
 * halves to even (float64 by way of float32). Tensors that are not floating (counters, masks) stay as they are.
 */
public final class StoredCast {
    private StoredCast() {}

    /**
     * @param to a floating type
     * @return the same names in the same order
     * @throws IllegalArgumentException if {@code to} is not floating, or a finite value does not fit it; the message names
     *     the tensor and the value
     */
    public static SequencedMap<String, StoredTensor> to(DType to, Map<String, StoredTensor> tensors) {
        if (!to.isFloating()) {
            throw new IllegalArgumentException(
                    "weights are stored as float16, bfloat16, float32 or float64, not " + to);
        }
        var cast = new LinkedHashMap<String, StoredTensor>();
        tensors.forEach((name, tensor) -> cast.put(name, cast(name, tensor, to)));
        return cast;
    }

    private static StoredTensor cast(String name, StoredTensor tensor, DType to) {
        var from = tensor.dtype();
        if (from == to || !from.isFloating()) {
            return tensor;
        }
        long numel = tensor.shape().numel();
        if (numel > Integer.MAX_VALUE / to.bytes()) {
            throw new IllegalArgumentException("tensor " + quote(name) + " has " + numel + " elements; as " + to
                    + " at most " + Integer.MAX_VALUE / to.bytes() + " fit one tensor");
        }
        var source = tensor.data();
        var target = ByteBuffer.allocate((int) numel * to.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < numel; i++) {
            double value = get(source, i * from.bytes(), from);
            put(target, i * to.bytes(), value, to);
            if (Double.isFinite(value) && !Double.isFinite(get(target, i * to.bytes(), to))) {
                throw new IllegalArgumentException("tensor " + quote(name) + " holds " + value + ", which is beyond "
                        + to + "; store it as " + (to == DType.FLOAT16 ? "bfloat16 or float32" : "a wider type"));
            }
        }
        return new StoredTensor(to, tensor.shape(), target);
    }

    private static double get(ByteBuffer source, int at, DType type) {
        return switch (type) {
            case FLOAT64 -> source.getDouble(at);
            case FLOAT32 -> source.getFloat(at);
            case FLOAT16 -> Float.float16ToFloat(source.getShort(at));
            case BFLOAT16 -> Float.intBitsToFloat(source.getShort(at) << 16);
            default -> throw new AssertionError(type);
        };
    }

    private static void put(ByteBuffer target, int at, double value, DType type) {
        switch (type) {
            case FLOAT64 -> target.putDouble(at, value);
            case FLOAT32 -> target.putFloat(at, (float) value);
            case FLOAT16 -> target.putShort(at, Float.floatToFloat16((float) value));
            case BFLOAT16 -> target.putShort(at, bfloat16((float) value));
            default -> throw new AssertionError(type);
        }
    }

    /** The upper half of the bits; adding 0x7FFF and the kept half's last bit rounds to nearest, halves to even. */
    private static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40); // a quiet NaN; rounding could carry it into infinity
        }
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }
}
