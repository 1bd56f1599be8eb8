package ddpm.io;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A {@code numpy.dtype} while a pickle is read: trainers keep losses and steps as NumPy's scalars beside the weights. */
final class NumpyType {
    private final char kind;
    private final int bytes;
    private ByteOrder order = ByteOrder.LITTLE_ENDIAN;

    private NumpyType(char kind, int bytes) {
        this.kind = kind;
        this.bytes = bytes;
    }

    /** By NumPy's code, such as {@code f8}; null for types that are no numbers. */
    static NumpyType of(String code) {
        return switch (code) {
            case "b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8" ->
                new NumpyType(code.charAt(0), code.charAt(1) - '0');
            default -> null;
        };
    }

    /** Its state is {@code (3, order, ..)}; the rest describes structures and dates. */
    void build(PickleTuple state, PickleInput in) throws FileFormatException {
        if (state.size() < 2
                || !(state.get(1) instanceof String sign)
                || !"<>=|".contains(sign)
                || sign.length() != 1) {
            throw in.bad("it describes a NumPy type by something that is no byte order");
        }
        order = sign.equals(">") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    }

    /** The number in these bytes, as Java has it: {@code Boolean}, {@code Long} or {@code Double}. */
    Object scalar(ByteBuffer data, PickleInput in) throws FileFormatException {
        if (data.remaining() != bytes) {
            throw in.bad("a NumPy scalar of " + bytes + " bytes has " + data.remaining());
        }
        var number = data.duplicate().order(order);
        return switch (kind) {
            case 'b' -> number.get() != 0;
            case 'f' ->
                switch (bytes) {
                    case 2 -> (double) Float.float16ToFloat(number.getShort());
                    case 4 -> (double) number.getFloat();
                    default -> number.getDouble();
                };
            default -> {
                long value = switch (bytes) {
                    case 1 -> number.get();
                    case 2 -> number.getShort();
                    case 4 -> number.getInt();
                    default -> number.getLong();
                };
                yield kind == 'i' || bytes == 8 ? value : value & (1L << 8 * bytes) - 1;
            }
        };
    }
}
