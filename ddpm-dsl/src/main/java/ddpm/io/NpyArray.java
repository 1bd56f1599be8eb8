package ddpm.io;

import static ddpm.text.Untrusted.quote;

import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Pattern;

/** One array of NumPy's .npy format, versions 1 to 3. Arrays of objects are pickles and are refused unread. */
final class NpyArray {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int ALIGNMENT = 64;
    private static final int MAX_HEADER = 65536;

    /** The header is a Python dict; only this form of it is written by NumPy. */
    private static final Pattern HEADER =
            Pattern.compile("\\{'descr': '([^']{2,16})', 'fortran_order': (True|False), 'shape':"
                    + " \\(((?:\\d{1,18}, ?)*(?:\\d{1,18})?)\\), ?\\}\\s*");

    private static final Map<String, DType> DTYPES = Map.of(
            "|b1", DType.BOOL,
            "|u1", DType.UINT8,
            "|i1", DType.INT8,
            "<i2", DType.INT16,
            "<i4", DType.INT32,
            "<i8", DType.INT64,
            "<f2", DType.FLOAT16,
            "<f4", DType.FLOAT32,
            "<f8", DType.FLOAT64);

    private NpyArray() {}

    /**
     * Reads an array.
     *
     * @param file for messages
     * @param name of the array in it
     */
    static StoredTensor read(FileBytes file, String name, ByteBuffer bytes) throws FileFormatException {
        var data = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
        int headerAt = 10;
        if (data.remaining() < headerAt || !data.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
            throw file.bad("array " + quote(name) + " is not in NumPy's format");
        }
        long length = data.getShort(8) & 0xffff;
        if (data.get(6) > 1 && data.remaining() >= 12) {
            length = data.getInt(8) & 0xffffffffL;
            headerAt = 12;
        }
        if (data.get(6) < 1 || data.get(6) > 3 || length > MAX_HEADER || headerAt + length > data.remaining()) {
            throw file.bad("array " + quote(name) + " has a header of " + length + " bytes, version " + data.get(6)
                    + ", in " + data.remaining() + " bytes; fetch or write it again");
        }
        var header = StandardCharsets.ISO_8859_1
                .decode(data.slice(headerAt, (int) length))
                .toString();
        var match = HEADER.matcher(header);
        if (!match.matches()) {
            throw file.bad("array " + quote(name) + " has the header " + quote(header)
                    + ", which describes no array of numbers; arrays of objects are pickles and are not read");
        }
        var dtype = DTYPES.get(match.group(1));
        if (dtype == null) {
            throw file.bad(
                    "array " + quote(name) + " has elements of type " + quote(match.group(1)) + "; those read are "
                            + DTYPES.keySet().stream().sorted().toList() + ", and arrays of objects are pickles");
        }
        var shape = shape(file, name, match.group(3));
        boolean isColumnMajor = match.group(2).equals("True") && shape.rank() > 1;
        long need = shape.numel() * dtype.bytes();
        if (data.remaining() - headerAt - length != need || isColumnMajor && shape.rank() != 2) {
            throw file.bad("array " + quote(name) + " of shape " + shape + " takes " + need + " bytes and "
                    + (data.remaining() - headerAt - length) + " follow its header"
                    + (isColumnMajor ? "; of arrays in Fortran's order only matrices are read" : ""));
        }
        var contents = data.slice(headerAt + (int) length, (int) need);
        return new StoredTensor(dtype, shape, isColumnMajor ? rowMajor(contents, shape, dtype.bytes()) : contents);
    }

    private static Shape shape(FileBytes file, String name, String text) throws FileFormatException {
        try {
            var shape = Shape.of(Pattern.compile(", ?")
                    .splitAsStream(text)
                    .filter(size -> !size.isEmpty())
                    .mapToLong(Long::parseLong)
                    .toArray());
            Math.multiplyExact(shape.numel(), 8L);
            return shape;
        } catch (IllegalArgumentException | ArithmeticException impossible) {
            throw file.bad("array " + quote(name) + " has the impossible shape (" + quote(text) + ")");
        }
    }

    private static ByteBuffer rowMajor(ByteBuffer columnMajor, Shape shape, int width) {
        int rows = (int) shape.size(0);
        int columns = (int) shape.size(1);
        var out = ByteBuffer.allocate(columnMajor.remaining());
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                out.put(columnMajor.slice((c * rows + r) * width, width));
            }
        }
        return out.flip();
    }

    /** An array's bytes as NumPy writes them, see {@link #header}. */
    static ByteBuffer write(StoredTensor tensor) {
        var header = header(tensor.dtype(), tensor.shape());
        return ByteBuffer.allocate(header.remaining() + tensor.data().remaining())
                .put(header)
                .put(tensor.data())
                .flip();
    }

    /** All that stands before an array's data: version 1, as long as a multiple of 64 bytes. */
    static ByteBuffer header(DType dtype, Shape shape) {
        var descr = DTYPES.entrySet().stream()
                .filter(entry -> entry.getValue() == dtype)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("NumPy has no element type for " + dtype));
        var sizes = new StringBuilder();
        for (long size : shape.toArray()) {
            sizes.append(size).append(", ");
        }
        if (shape.rank() > 1) {
            sizes.setLength(sizes.length() - 2);
        } else if (shape.rank() == 1) {
            sizes.setLength(sizes.length() - 1); // "(3,)"
        }
        var header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + sizes + "), }";
        int padded = (MAGIC.length + 4 + header.length() + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        var out = ByteBuffer.allocate(padded).order(ByteOrder.LITTLE_ENDIAN);
        out.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) (padded - MAGIC.length - 4));
        out.put(header.getBytes(StandardCharsets.US_ASCII));
        while (out.position() < padded - 1) {
            out.put((byte) ' ');
        }
        return out.put((byte) '\n').flip();
    }
}
