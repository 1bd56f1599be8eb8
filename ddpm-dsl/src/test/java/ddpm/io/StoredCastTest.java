package ddpm.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StoredCastTest {
    private static StoredTensor floats(float... values) {
        var bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return new StoredTensor(DType.FLOAT32, Shape.of(values.length), bytes.flip());
    }

    private static StoredTensor cast(StoredTensor tensor, DType to) {
        return StoredCast.to(to, Map.of("w", tensor)).get("w");
    }

    /** Bits worked out by hand from the formats' definitions; 1 + 2^-8 is half way between two bfloat16 values. */
    @ParameterizedTest
    @CsvSource({
        "1, 3f80, 3c00",
        "-2, c000, c000",
        "1.00390625, 3f80, 3c04",
        "1.01171875, 3f82, 3c0c",
        "1.0049, 3f81, 3c05",
        "65504, 4780, 7bff",
        "Infinity, 7f80, 7c00",
        "5.9604645e-8, 3380, 0001",
        "-0.0, 8000, 8000"
    })
    void valuesGoToTheNearestHalvesToEven(float value, String bfloat16, String float16) {
        assertEquals(bfloat16, bits(cast(floats(value), DType.BFLOAT16)));
        assertEquals(float16, bits(cast(floats(value), DType.FLOAT16)));
    }

    private static String bits(StoredTensor tensor) {
        return "%04x".formatted(tensor.data().getShort());
    }

    @Test
    void notANumberStaysOneWhateverItsBits() {
        var nan = floats(Float.intBitsToFloat(0x7FFFFFFF), Float.intBitsToFloat(0x7F800001));
        var wide = cast(cast(nan, DType.BFLOAT16), DType.FLOAT32).data();
        assertTrue(Float.isNaN(wide.getFloat()));
        assertTrue(Float.isNaN(wide.getFloat()));
    }

    @Test
    void aWiderTypeHoldsTheSameValues() {
        var half = cast(floats(0.1f, -3.5f), DType.FLOAT16);
        var wide = cast(half, DType.FLOAT64).data();
        assertEquals(Float.float16ToFloat(Float.floatToFloat16(0.1f)), wide.getDouble());
        assertEquals(-3.5, wide.getDouble());
    }

    @Test
    void aValueBeyondTheTypeIsRefusedByTensorAndValue() {
        var refused = assertThrows(IllegalArgumentException.class, () -> cast(floats(1, 70000), DType.FLOAT16));
        assertEquals(
                "tensor 'w' holds 70000.0, which is beyond float16; store it as bfloat16 or float32",
                refused.getMessage());
    }

    @Test
    void countersStayAsTheyAreAndNamesKeepTheirOrder() {
        var counter = new StoredTensor(DType.INT64, Shape.of(), ByteBuffer.allocate(8));
        var tensors = new java.util.LinkedHashMap<String, StoredTensor>();
        tensors.put("z", floats(1));
        tensors.put("a", counter);
        var cast = StoredCast.to(DType.BFLOAT16, tensors);
        assertEquals(List.of("z", "a"), List.copyOf(cast.keySet()));
        assertSame(counter, cast.get("a"));
    }

    @Test
    void weightsAreNotStoredAsIntegers() {
        assertThrows(IllegalArgumentException.class, () -> cast(floats(1), DType.INT8));
    }
}
