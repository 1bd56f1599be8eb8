package ddpm.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Writes a file whole or not at all: under a temporary name in the same folder, flushed, then renamed in one step. */
final class WholeFile {
    /** Produces a file's bytes, first to last. */
    @FunctionalInterface
    interface Content {
        void writeTo(WritableByteChannel out) throws IOException;
    }

    private WholeFile() {}

    /** @param bytes how long the file will be */
    static void write(Path target, long bytes, Content content) throws IOException {
        Path real = target.toAbsolutePath();
        Path part = real.resolveSibling("." + real.getFileName() + ".part");
        try {
            try (var channel = FileChannel.open(
                    part, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                content.writeTo(channel);
                channel.force(true);
            }
            Files.move(part, real, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failed) {
            throw new IOException(target + ": not written (" + bytes + " bytes are needed)", failed);
        } finally {
            Files.deleteIfExists(part);
        }
    }
}
