package ddpm.data;

import ddpm.io.WholeFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** A file on its way in: {@code NAME.part}, locked against other fetches, until it is whole and takes its name. */
final class PartialFile implements AutoCloseable {
    private final Path whole;
    private final Path path;
    private final FileChannel channel;

    /** @throws DataException if somebody else is fetching this file */
    PartialFile(Path whole) throws IOException {
        this.whole = whole;
        this.path = whole.resolveSibling(whole.getFileName() + ".part");
        WholeFile.requireFile(path);
        this.channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock(); // released with the channel
            if (lock == null) {
                throw new DataException("another process is fetching " + path + "; wait for it");
            }
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw new DataException("another thread is fetching " + path + "; wait for it", e);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    Path path() {
        return path;
    }

    /** The file so far, open for writing. */
    FileChannel channel() {
        return channel;
    }

    long size() throws IOException {
        return channel.size();
    }

    /** Gives the file its name, once its bytes are on disk. */
    void complete() throws IOException {
        channel.force(true);
        Files.move(path, whole, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
