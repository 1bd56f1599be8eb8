package ddpm.testing;

import ddpm.io.StoredTensor;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

/** A NumPy .npy file of versions 1 to 3: little-endian numbers in C order, which is what the golden files hold. */
public final class NpyFile {
    private static final Pattern DESCR = Pattern.compile("'descr': '([<|][a-z]\\d)'");
    private static final Pattern SHAPE = Pattern.compile("'shape': \\(([^)]*)\\)");

    /** Without an unsigned 16-bit type, {@code u2} is INT16: the same bits, which is what bfloat16 dumps are about. */
    private static final Map<String, DType> DTYPES = Map.ofEntries(
            Map.entry("|b1", DType.BOOL),
            Map.entry("|u1", DType.UINT8),
            Map.entry("|i1", DType.INT8),
            Map.entry("<i2", DType.INT16),
            Map.entry("<u2", DType.INT16),
            Map.entry("<i4", DType.INT32),
            Map.entry("<i8", DType.INT64),
            Map.entry("<f2", DType.FLOAT16),
            Map.entry("<f4", DType.FLOAT32),
            Map.entry("<f8", DType.FLOAT64));

    private final String descr;
    private final long[] shape;
    private final ByteBuffer data;

    private NpyFile(String descr, long[] shape, ByteBuffer data) {
        this.descr = descr;
        this.shape = shape;
        this.data = data;
    }

    public static NpyFile read(Path file) throws IOException {
        var buffer = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        if (buffer.getInt(0) != 0x4D554E93 || buffer.getShort(4) != 0x5950) {
            throw new IOException(file + " is not an .npy file");
        }
        int major = buffer.get(6);
        int headerAt = major == 1 ? 10 : 12;
        int headerLength = major == 1 ? Short.toUnsignedInt(buffer.getShort(8)) : buffer.getInt(8);
        var header = new String(buffer.array(), headerAt, headerLength, StandardCharsets.US_ASCII);
        var descr = DESCR.matcher(header);
        var shape = SHAPE.matcher(header);
        if (!header.contains("'fortran_order': False") || !descr.find() || !shape.find()) {
            throw new IOException(file + " has a header this reader does not know: " + header);
        }
        var sizes = sizes(shape);
        var data = buffer.slice(headerAt + headerLength, buffer.capacity() - headerAt - headerLength);
        long numel = LongStream.of(sizes).reduce(1, Math::multiplyExact);
        int width = descr.group(1).charAt(2) - '0';
        if (data.capacity() != numel * width) {
            throw new IOException(file + " holds " + data.capacity() + " bytes, its header says " + numel * width);
        }
        return new NpyFile(descr.group(1), sizes, data);
    }

    /** NumPy's code of the element type, such as {@code <f4}. */
    public String descr() {
        return descr;
    }

    public long[] shape() {
        return shape.clone();
    }

    /** All elements in row-major order; refuses int64 values that a double cannot hold. */
    public double[] doubles() {
        var values = new double[count()];
        for (int i = 0; i < values.length; i++) {
            values[i] = isFloating() ? floating(i) : Math.toIntExact(integer(i));
        }
        return values;
    }

    /** All elements in row-major order; refuses anything but float32. */
    public float[] floats() {
        if (!descr.equals("<f4")) {
            throw new IllegalStateException("elements are " + descr + ", not <f4");
        }
        var values = new float[count()];
        data.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }

    /** All elements in row-major order; refuses floating-point types. */
    public long[] longs() {
        var values = new long[count()];
        Arrays.setAll(values, this::integer);
        return values;
    }

    /** The bytes as they lie in the file; refuses types that {@link DType} does not have. */
    public StoredTensor stored() {
        var dtype = DTYPES.get(descr);
        if (dtype == null) {
            throw new IllegalStateException("elements are " + descr);
        }
        return new StoredTensor(dtype, Shape.of(shape), data.duplicate());
    }

    private static long[] sizes(Matcher shape) {
        return Pattern.compile(",")
                .splitAsStream(shape.group(1))
                .map(String::strip)
                .filter(size -> !size.isEmpty())
                .mapToLong(Long::parseLong)
                .toArray();
    }

    private boolean isFloating() {
        return descr.charAt(1) == 'f';
    }

    private int width() {
        return descr.charAt(2) - '0';
    }

    private int count() {
        return data.capacity() / width();
    }

    private double floating(int i) {
        var bytes = data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        return switch (descr) {
            case "<f2" -> Float.float16ToFloat(bytes.getShort(2 * i));
            case "<f4" -> bytes.getFloat(4 * i);
            case "<f8" -> bytes.getDouble(8 * i);
            default -> throw new IllegalStateException("elements are " + descr);
        };
    }

    private long integer(int i) {
        var bytes = data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        return switch (descr) {
            case "|b1", "|i1" -> bytes.get(i);
            case "|u1" -> Byte.toUnsignedInt(bytes.get(i));
            case "<i2" -> bytes.getShort(2 * i);
            case "<i4" -> bytes.getInt(4 * i);
            case "<i8" -> bytes.getLong(8 * i);
            default -> throw new IllegalStateException("elements are " + descr);
        };
    }
}
