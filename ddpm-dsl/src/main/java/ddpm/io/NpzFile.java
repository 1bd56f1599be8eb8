package ddpm.io;

import static ddpm.text.Untrusted.quote;

import java.io.IOException;
import java.nio.file.Path;
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

    /** Writes arrays by name, uncompressed, whole or not at all. */
    public static void write(Path file, Map<String, StoredTensor> arrays) throws IOException {
        var zip = new ZipWriter();
        arrays.forEach((name, array) -> zip.add(name + SUFFIX, NpyArray.write(array)));
        WholeFile.write(file, zip.size(), zip::writeTo);
    }
}
