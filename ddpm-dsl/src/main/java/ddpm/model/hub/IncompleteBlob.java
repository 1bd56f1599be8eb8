package ddpm.model.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A blob on its way in, {@code <etag>.<random>.incomplete}: one of this process's own, or what a process that has ended
 * left. A lock says that its writer lives. Where locks lie, as on some cluster file systems, two may write one file: they
 * write the same bytes at the same places, and nothing takes the blob's name before its hash is right.
 */
final class IncompleteBlob implements AutoCloseable {
    private static final String END = ".incomplete";

    /** Of this JVM: POSIX drops its lock on a file when any of its channels to the file is closed, so none is opened. */
    private static final Set<Path> WRITTEN = ConcurrentHashMap.newKeySet();

    private final Path blob;
    private final Path path;
    private final FileChannel channel;

    private IncompleteBlob(Path blob, Path path, FileChannel channel) {
        this.blob = blob;
        this.path = path;
        this.channel = channel;
    }

    /** Goes on with the longest that was left, or begins a new one. */
    static IncompleteBlob of(Path blob) throws IOException {
        try (var left = Files.newDirectoryStream(blob.getParent(), blob.getFileName() + ".*" + END)) {
            var longest = new java.util.ArrayList<Path>();
            left.forEach(longest::add);
            longest.sort(Comparator.comparingLong((Path file) -> file.toFile().length())
                    .reversed());
            for (var file : longest) {
                var channel = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) ? abandoned(file) : null;
                if (channel != null) {
                    return new IncompleteBlob(blob, file, channel);
                }
            }
        }
        while (true) {
            var random = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
            var path = blob.resolveSibling(blob.getFileName() + "." + random + END);
            WRITTEN.add(path.toAbsolutePath());
            var channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            if (isLocked(channel) && Files.exists(path)) {
                return new IncompleteBlob(blob, path, channel);
            }
            channel.close(); // another took it for abandoned before it was locked
            WRITTEN.remove(path.toAbsolutePath());
        }
    }

    /** Locks a file until its channel is closed; where there are no locks, the hash is what counts. */
    private static boolean isLocked(FileChannel channel) {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException taken) {
            return false;
        } catch (IOException noLocksHere) {
            return true;
        }
    }

    /** The file, locked, or null if its writer lives or nothing tells whether it does. */
    private static FileChannel abandoned(Path file) throws IOException {
        if (!WRITTEN.add(file.toAbsolutePath())) {
            return null;
        }
        FileChannel channel = null;
        boolean isOurs = false;
        try {
            channel = FileChannel.open(file, StandardOpenOption.WRITE);
            isOurs = channel.tryLock() != null && Files.exists(file); // else it has become the blob meanwhile
        } catch (IOException | OverlappingFileLockException taken) {
            isOurs = false;
        } finally {
            if (!isOurs) {
                if (channel != null) {
                    channel.close();
                }
                WRITTEN.remove(file.toAbsolutePath());
            }
        }
        return isOurs ? channel : null;
    }

    Path path() {
        return path;
    }

    FileChannel channel() {
        return channel;
    }

    /** Gives the file the blob's name once its bytes are on disk, and clears what others have left of it. */
    void complete() throws IOException {
        channel.force(true);
        try {
            Files.move(path, blob, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (NoSuchFileException e) {
            if (!Files.exists(blob)) { // else another process has put the same content there
                throw e;
            }
        }
        try (var left = Files.newDirectoryStream(blob.getParent(), blob.getFileName() + ".*" + END)) {
            for (var file : left) {
                var abandoned = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) ? abandoned(file) : null;
                if (abandoned != null) {
                    Files.deleteIfExists(file);
                    abandoned.close();
                    WRITTEN.remove(file.toAbsolutePath());
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
        WRITTEN.remove(path.toAbsolutePath());
    }
}
