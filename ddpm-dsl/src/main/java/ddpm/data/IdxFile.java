package ddpm.data;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * A file in MNIST's IDX format, raw or gzipped: two zero bytes, the element type, the number of axes, the axes' sizes as
 * big-endian ints, then the elements (<a href="https://yann.lecun.com/exdb/mnist/">yann.lecun.com/exdb/mnist</a>).
 *
 * @param sizes the axes, outermost first, each at least 1
 * @param data the elements, {@code product(sizes)} unsigned bytes in row-major order
 */
record IdxFile(int[] sizes, byte[] data) {
    /** No MNIST-like set comes near this (EMNIST, the largest, has 640 MB); a header that asks for more is damage. */
    private static final long MAX_BYTES = 1L << 30;

    /** Deflate cannot expand by more than this, so a larger promise is a lie that need not be unpacked to be seen. */
    private static final long MAX_GZIP_RATIO = 1032;

    private static final int UNSIGNED_BYTE = 0x08;

    /** Reads a file of unsigned bytes with {@code axes} axes. */
    static IdxFile read(Path file, int axes) throws IOException {
        long fileSize = Files.size(file);
        boolean gzipped = isGzip(file);
        try (InputStream raw = Files.newInputStream(file);
                InputStream in = gzipped ? new GZIPInputStream(raw, 1 << 16) : raw) {
            int[] sizes = header(file, in, axes);
            long count = Arrays.stream(sizes).asLongStream().reduce(1, Math::multiplyExact);
            checkSize(file, sizes, count, 4L + 4L * axes, fileSize, gzipped);
            byte[] data = in.readNBytes((int) count);
            if (data.length < count) {
                throw damaged(file, "ends after " + data.length + " of the " + count + " bytes its header promises");
            }
            if (in.read() != -1) {
                throw damaged(file, "goes on after the " + count + " bytes its header promises");
            }
            return new IdxFile(sizes, data);
        } catch (EOFException e) {
            throw new DataException(damaged(file, "is cut short").getMessage(), e);
        } catch (ZipException e) {
            throw new DataException(
                    damaged(file, "is not a sound gzip file (" + e.getMessage() + ")")
                            .getMessage(),
                    e);
        } catch (ArithmeticException e) {
            throw new DataException(
                    damaged(file, "promises more bytes than any file holds").getMessage(), e);
        }
    }

    private static boolean isGzip(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] magic = in.readNBytes(2);
            return magic.length == 2 && (magic[0] & 0xff) == 0x1f && (magic[1] & 0xff) == 0x8b;
        }
    }

    private static int[] header(Path file, InputStream in, int axes) throws IOException {
        byte[] bytes = in.readNBytes(4 + 4 * axes);
        if (bytes.length < 4 + 4 * axes) {
            throw damaged(file, "ends inside its header");
        }
        ByteBuffer header = ByteBuffer.wrap(bytes);
        int magic = header.getInt();
        if (magic != (UNSIGNED_BYTE << 8 | axes)) {
            throw damaged(
                    file,
                    String.format(
                            Locale.ROOT,
                            "starts with 0x%08x, not with 0x%08x (IDX, unsigned bytes, %d axes)",
                            magic,
                            UNSIGNED_BYTE << 8 | axes,
                            axes));
        }
        int[] sizes = new int[axes];
        for (int i = 0; i < axes; i++) {
            sizes[i] = header.getInt();
            if (sizes[i] < 1) {
                throw damaged(
                        file,
                        "has size " + Integer.toUnsignedLong(sizes[i]) + " on axis " + i + ", outside 1 to "
                                + Integer.MAX_VALUE);
            }
        }
        return sizes;
    }

    /** Before any memory is taken: what the header promises must be possible for a file of this size. */
    private static void checkSize(Path file, int[] sizes, long count, long header, long fileSize, boolean gzipped)
            throws DataException {
        String promise = "promises " + Arrays.toString(sizes) + " = " + count + " bytes";
        if (count > MAX_BYTES) {
            throw damaged(file, promise + ", more than the limit of " + MAX_BYTES);
        }
        if (!gzipped && fileSize != header + count) {
            throw damaged(file, promise + " after its header of " + header + ", but the file is " + fileSize + " long");
        }
        if (gzipped && count > fileSize * MAX_GZIP_RATIO) {
            throw damaged(file, promise + ", which no gzip file of " + fileSize + " bytes can hold");
        }
    }

    private static DataException damaged(Path file, String reason) {
        return new DataException(file + " " + reason + "; fetch it again");
    }
}
