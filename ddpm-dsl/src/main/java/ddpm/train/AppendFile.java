package ddpm.train;

import ddpm.io.WholeFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file that grows by whole records. What a full disk refuses is cut off again and waits for the next append, up to a
 * limit that keeps a run alive on a disk that stays full.
 */
final class AppendFile {
    private static final int MAX_WAITING = 32 << 20;

    private final Path file;
    private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();
    private long end;

    /** @param file may exist; records go behind what is there */
    AppendFile(Path file) throws IOException {
        WholeFile.requireFile(file);
        this.file = file;
        this.end = Files.exists(file) ? Files.size(file) : 0;
    }

    /** @throws IOException if the disk does not take it; it is then part of the next call */
    void append(byte[] record) throws IOException {
        if (waiting.size() + record.length > MAX_WAITING) {
            waiting.reset();
        }
        waiting.writeBytes(record);
        try (var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            try {
                var bytes = ByteBuffer.wrap(waiting.toByteArray());
                while (bytes.hasRemaining()) {
                    channel.write(bytes, end + bytes.position());
                }
            } catch (IOException e) {
                channel.truncate(end);
                throw e;
            }
        }
        end += waiting.size();
        waiting.reset();
    }
}
