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
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** NumPy's {@code .npy} files, as far as reference values need them: little-endian, row-major, versions 1 to 3. */
public final class NpyTensor {
    private static final Pattern HEADER =
            Pattern.compile("\\{'descr': '([^']+)', 'fortran_order': (True|False), 'shape': \\(([0-9, ]*)\\),? *}\\s*");

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

    private NpyTensor() {}

    /** Reads an array; Fortran order, other types and other byte orders are refused. */
    public static StoredTensor read(Path file) throws IOException {
        var bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        var magic = new byte[6];
        bytes.get(magic).position(8);
        if (!new String(magic, StandardCharsets.ISO_8859_1).equals("\u0093NUMPY")) {
            throw new IOException(file + ": not an .npy file");
        }
        int length = bytes.get(6) == 1 ? bytes.getShort() & 0xffff : bytes.getInt();
        var text = new byte[length];
        bytes.get(text);
        var header = HEADER.matcher(new String(text, StandardCharsets.UTF_8));
        if (!header.matches() || header.group(2).equals("True") || !DTYPES.containsKey(header.group(1))) {
            throw new IOException(file + ": header not supported: " + new String(text, StandardCharsets.UTF_8));
        }
        long[] sizes = Stream.of(header.group(3).split(","))
                .map(String::strip)
                .filter(size -> !size.isEmpty())
                .mapToLong(Long::parseLong)
                .toArray();
        return new StoredTensor(DTYPES.get(header.group(1)), Shape.of(sizes), bytes.slice());
    }
}
