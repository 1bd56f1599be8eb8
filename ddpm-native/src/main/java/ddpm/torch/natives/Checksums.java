package ddpm.torch.natives;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.zip.CRC32;

/** Comparison of unpacked libraries with the checksums in their jars; about 0.3 s for a whole libtorch. */
final class Checksums {
    private static final int BUFFER = 1 << 20;

    private Checksums() {}

    /** Whether every library of the bundle is in the folder with its size and CRC-32. */
    static boolean agree(Path folder, BundledNatives bundle) {
        return bundle.libraries().parallelStream().allMatch(library -> agrees(folder, library));
    }

    private static boolean agrees(Path folder, BundledNatives.Library library) {
        try (var file = FileChannel.open(folder.resolve(library.name()))) {
            if (file.size() != library.size()) {
                return false;
            }
            var crc = new CRC32();
            var buffer = ByteBuffer.allocateDirect(BUFFER);
            while (file.read(buffer) >= 0) {
                crc.update(buffer.flip());
                buffer.clear();
            }
            return crc.getValue() == library.crc();
        } catch (IOException e) {
            return false;
        }
    }
}
