package ddpm.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * Files of PyTorch's {@code torch.save}, without Python and without its danger: a pickle can name any function and have
 * it called, so what reads it here knows only tensors and plain containers and can call nothing.
 *
 * <p>What a file's object becomes:
 *
 * <table>
 *   <caption>Python and Java</caption>
 *   <tr><td>tensor, parameter</td><td>{@link StoredTensor}, row-major; its device is ignored</td></tr>
 *   <tr><td>dict, OrderedDict</td><td>{@link java.util.SequencedMap}; keys are scalars</td></tr>
 *   <tr><td>list, tuple, torch.Size</td><td>{@link java.util.List}</td></tr>
 *   <tr><td>set</td><td>{@link java.util.SequencedSet} of scalars</td></tr>
 *   <tr><td>int</td><td>{@link Long}, or {@link java.math.BigInteger} beyond 64 bits</td></tr>
 *   <tr><td>float, bool, str, None</td><td>{@link Double}, {@link Boolean}, {@link String}, null</td></tr>
 *   <tr><td>bytes</td><td>read-only {@link java.nio.ByteBuffer}</td></tr>
 *   <tr><td>complex</td><td>{@link Complex}</td></tr>
 *   <tr><td>torch.dtype</td><td>{@link ddpm.torch.DType}</td></tr>
 *   <tr><td>torch.device</td><td>{@link String}, e.g. {@code cuda:1}</td></tr>
 * </table>
 *
 * <p>All containers are unmodifiable. Large tensors are mapped, not copied: replace a file whose tensors are in use (as
 * all writers here do), never change it in place.
 */
public final class TorchFile {
    /** Which of {@code torch.save}'s two layouts a file has. */
    public enum Layout {
        /** A ZIP file, since PyTorch 1.6. */
        ZIP,
        /** Pickles with the storages after them. */
        LEGACY
    }

    /** A Python complex number. */
    public record Complex(double re, double im) {
        /** As Python prints it, e.g. {@code (1-2j)}. */
        @Override
        public String toString() {
            return "(" + re + (im < 0 || (im == 0 && 1 / im < 0) ? "" : "+") + im + "j)";
        }
    }

    /**
     * A file's object.
     *
     * @param root plain containers, scalars and tensors, see {@link TorchFile}
     */
    public record Contents(Layout layout, Object root) {}

    /** torch.save uses the file's own name here, which nothing reads; a fixed one keeps copies equal byte for byte. */
    private static final String FOLDER = "archive/";

    private TorchFile() {}

    /**
     * Reads a file of either layout, which its first bytes tell.
     *
     * @throws FileFormatException if it is damaged, cut short, of another format, or holds anything but tensors of
     *     {@link ddpm.torch.DType} types and plain containers; the message names what
     * @throws IOException if the file cannot be reached
     */
    public static Contents read(Path file) throws IOException {
        try (var bytes = FileBytes.open(file)) {
            return read(bytes, FileKind.of(bytes));
        }
    }

    /** Reads an open file of a known kind; another kind than torch.save's is refused with what it is instead. */
    static Contents read(FileBytes bytes, FileKind kind) throws IOException {
        return switch (kind) {
            case ZIP -> new Contents(Layout.ZIP, TorchZip.read(bytes));
            case PICKLE -> new Contents(Layout.LEGACY, TorchLegacy.read(bytes));
            default -> throw bytes.bad("is " + kind + ", not a file that torch.save wrote");
        };
    }

    /**
     * Writes a state dict, whole or not at all, in the ZIP layout that {@code torch.load} reads with
     * {@code weights_only=True}. Equal input gives equal bytes; every tensor begins at a multiple of 64 bytes.
     *
     * @param tensors by name, in the order the dict shall have; tensors that share bytes are written once each
     * @throws IOException if the file could not be written; the old one is then as it was
     */
    public static void write(Path file, Map<String, StoredTensor> tensors) throws IOException {
        var zip = new ZipWriter();
        zip.add(FOLDER + "data.pkl", StateDictPickle.of(tensors));
        zip.add(FOLDER + "byteorder", ascii("little"));
        int key = 0;
        for (var tensor : tensors.values()) {
            zip.add(FOLDER + "data/" + key++, tensor.data());
        }
        zip.add(FOLDER + "version", ascii("3\n"));
        WholeFile.write(file, zip.size(), zip::writeTo);
    }

    private static ByteBuffer ascii(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }
}
