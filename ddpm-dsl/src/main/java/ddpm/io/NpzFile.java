package ddpm.io;

import static ddpm.text.Untrusted.quote;

import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/**
 * NumPy's .npz files: arrays by name in a ZIP file, compressed or not. pytorch-fid keeps {@code mu} and {@code sigma} in one,
 * guided-diffusion images as {@code arr_0 [N, H, W, C]}.
 */
public final class NpzFile {
    private static final String SUFFIX = ".npy";

    private NpzFile() {}

    /**
     * Reads all arrays.
     *
     * @throws FileFormatException if it is another kind of file, damaged, inflates beyond measure, or holds anything but arrays
     *     of numbers; objects are pickles, which are never read
     * @throws IOException if the file cannot be reached
     */
    public static SequencedMap<String, StoredTensor> read(Path file) throws IOException {
        try (var bytes = FileBytes.open(file)) {
            var kind = FileKind.of(bytes);
            if (kind != FileKind.ZIP) {
                throw bytes.bad("is " + kind + ", not an .npz file of numpy.savez");
            }
            var zip = new ZipArchive(bytes);
            var arrays = new LinkedHashMap<String, StoredTensor>();
            for (var entry : zip.entries().values()) {
                if (!entry.name().endsWith(SUFFIX) || entry.size() > Integer.MAX_VALUE) {
                    throw bytes.bad("holds " + quote(entry.name()) + " of " + entry.size()
                            + " bytes; an .npz file has arrays named *.npy of less than 2 GiB");
                }
                var name = entry.name().substring(0, entry.name().length() - SUFFIX.length());
                arrays.put(name, NpyArray.read(bytes, name, zip.view(entry, 0, (int) entry.size())));
            }
            return arrays;
        }
    }

    /**
     * An .npz file with an array of bytes, {@code arr_0}, that comes piece by piece, and small ones beside it: what has come lies on the disk beside the
     * target, so memory holds one piece however long the array is.
     */
    public static final class Growing implements AutoCloseable {
        private final Path target;
        private final Path spool;
        private final FileChannel channel;
        private final long length;

        /**
         * @param shape of the whole array
         * @throws IllegalArgumentException for 2 GiB or more
         * @throws IOException if the folder cannot be written
         */
        public Growing(Path target, Shape shape) throws IOException {
            var header = NpyArray.header(DType.UINT8, shape);
            this.target = target;
            this.length = header.remaining() + shape.numel();
            if (length > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("an array of " + shape + " bytes is too long for one .npz file of "
                        + Integer.MAX_VALUE + " bytes; write several");
            }
            var absolute = target.toAbsolutePath();
            spool = Files.createTempFile(absolute.getParent(), ".ddpm-", ".part");
            channel = FileChannel.open(spool, StandardOpenOption.READ, StandardOpenOption.WRITE);
            write(header);
        }

        /** Appends bytes. */
        public void add(byte[] bytes) throws IOException {
            write(ByteBuffer.wrap(bytes));
        }

        private void write(ByteBuffer bytes) throws IOException {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }

        /**
         * Writes the target, whole or not at all.
         *
         * @param more arrays that stand behind the grown one
         * @throws IllegalStateException if fewer or more bytes have come than the array has
         */
        public void finish(Map<String, StoredTensor> more) throws IOException {
            if (channel.size() != length) {
                throw new IllegalStateException(channel.size() + " bytes came for an array of " + length);
            }
            var zip = new ZipWriter();
            zip.add("arr_0" + SUFFIX, channel.map(FileChannel.MapMode.READ_ONLY, 0, length));
            more.forEach((name, array) -> zip.add(name + SUFFIX, NpyArray.write(array)));
            WholeFile.write(target, zip.size(), zip::writeTo);
        }

        /** Removes what lies beside the target. */
        @Override
        public void close() throws IOException {
            channel.close();
            Files.deleteIfExists(spool);
        }
    }

    /** Writes arrays by name, uncompressed, whole or not at all. */
    public static void write(Path file, Map<String, StoredTensor> arrays) throws IOException {
        var zip = new ZipWriter();
        arrays.forEach((name, array) -> zip.add(name + SUFFIX, NpyArray.write(array)));
        WholeFile.write(file, zip.size(), zip::writeTo);
    }
}
