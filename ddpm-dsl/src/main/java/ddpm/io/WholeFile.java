package ddpm.io;

import ddpm.text.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes files and folders whole or not at all: under a temporary name beside the target, flushed to the disk, then
 * renamed to the target. A reader, a crash or a full disk sees what was there before or what is new, never a part.
 *
 * <p>A process killed while writing leaves only a hidden {@code .NAME.*.part} beside the untouched target.
 */
public final class WholeFile {
    private static final int LONGEST_NAME = 255; // bytes, on every file system in common use

    /** Produces a file's bytes, first to last. */
    @FunctionalInterface
    public interface Content {
        /** @param out takes all remaining bytes of a buffer in one call to {@code write} */
        void writeTo(WritableByteChannel out) throws IOException;
    }

    /** Fills an empty folder. */
    @FunctionalInterface
    public interface Filling {
        /** @param folder not the target yet; write files in it by {@link #write}, which flushes them */
        void into(Path folder) throws IOException;
    }

    private WholeFile() {}

    /**
     * Writes {@code target}, replacing what is there; a symbolic link is followed and stays a link.
     *
     * @param bytes how long the file will be, for the message when the disk is full, or -1 when not known beforehand
     * @throws IOException if the folder is missing, the target is no regular file, or writing failed; the message then
     *     says how many bytes the file needs and how many are free, and the old file is as it was
     */
    public static void write(Path target, long bytes, Content content) throws IOException {
        Path real = file(target);
        Path folder = parent(real, target);
        Path part = part(real);
        long[] written = {0};
        try {
            try (var channel = FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                content.writeTo(new Counting(channel, written));
                channel.force(true);
            }
            Files.move(part, real, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failed) {
            throw explained(target, folder, part, bytes, written[0], failed);
        } finally {
            Files.deleteIfExists(part);
        }
        flushFolder(folder);
    }

    /**
     * Tries whether {@link #write} could write {@code target}, before work whose result would else be lost.
     *
     * @throws IOException if it could not; the message says why
     */
    public static void tryOut(Path target) throws IOException {
        Path real = file(target);
        parent(real, target);
        Path part = part(real);
        try {
            Files.createFile(part);
            Files.deleteIfExists(part);
            Files.readAttributes(real, BasicFileAttributes.class); // a name too long fails otherwise than one not there
        } catch (NoSuchFileException absent) {
            return;
        } catch (IOException failed) {
            throw new IOException(target + ": cannot be written: " + reasonOf(failed) + "; name another place", failed);
        }
    }

    private static Path file(Path target) throws IOException {
        Path real = Files.exists(target) ? target.toRealPath() : target.toAbsolutePath();
        if (Files.exists(real) && !Files.isRegularFile(real)) {
            throw new IOException(target + ": is a folder or a device, not a file that can be replaced; name a file");
        }
        return real;
    }

    /** Writes these bytes as the whole of {@code target}. */
    public static void write(Path target, byte[] bytes) throws IOException {
        write(target, bytes.length, out -> out.write(ByteBuffer.wrap(bytes)));
    }

    /** Writes this text, as UTF-8, as the whole of {@code target}. */
    public static void write(Path target, String text) throws IOException {
        write(target, text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Writes a folder. One that stands there already is replaced once the new one is complete.
     *
     * @throws IOException if the target's parent is missing, the target is a file, or writing failed; what was there
     *     before is as it was
     */
    public static void folder(Path target, Filling content) throws IOException {
        Path real = target.toAbsolutePath().normalize();
        Path parent = parent(real, target);
        if (Files.exists(real) && !Files.isDirectory(real)) {
            throw new FileAlreadyExistsException(target.toString(), null, "is a file; name a folder");
        }
        Path part = part(real);
        Path replaced = part(real);
        try {
            Files.createDirectory(part);
            content.into(part);
            if (Files.exists(real)) {
                Files.move(real, replaced, StandardCopyOption.ATOMIC_MOVE);
            }
            Files.move(part, real, StandardCopyOption.ATOMIC_MOVE);
            flushFolder(parent);
        } finally {
            delete(part);
            delete(replaced);
        }
    }

    /** Deletes a file, or a folder with all that is in it; links are not followed. Nothing there is no error. */
    public static void delete(Path target) throws IOException {
        if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            try (var below = Files.walk(target)) {
                for (var file : below.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    /** The bytes of all files in a folder and below; none if it is no folder. Links and what cannot be read count nothing. */
    public static long bytes(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return 0;
        }
        long[] bytes = {0};
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                bytes[0] += attributes.isRegularFile() ? attributes.size() : 0;
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException reason) {
                return FileVisitResult.CONTINUE; // gone meanwhile, or not ours: lost+found at the top of a mount
            }
        });
        return bytes[0];
    }

    /**
     * Requires that a regular file is there, or nothing: opening a pipe waits for whoever may be at its other end.
     *
     * @throws IOException if something else is there
     */
    public static void requireFile(Path target) throws IOException {
        if (Files.exists(target) && !Files.isRegularFile(target)) {
            throw new IOException(target + ": is a folder, a pipe or a device where a file should be; move it away");
        }
    }

    private static Path parent(Path real, Path target) throws NotDirectoryException {
        Path parent = real.getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new NotDirectoryException(parent + ": there is no such folder to write " + target + " in; create it");
        }
        return parent;
    }

    /** A new temporary name beside {@code real}, no longer than a file system takes. */
    private static Path part(Path real) {
        String end =
                "." + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()) + ".part";
        String name = "." + real.getFileName() + end;
        boolean fits = name.getBytes(StandardCharsets.UTF_8).length <= LONGEST_NAME;
        return real.resolveSibling(fits ? name : end);
    }

    private static IOException explained(
            Path target, Path folder, Path part, long bytes, long written, IOException failed) {
        String free;
        try {
            Files.deleteIfExists(part); // first, so that the free space told is what a next try will find
            free = Files.getFileStore(folder).getUsableSpace() + " bytes are free there";
        } catch (IOException unknown) {
            free = "the free space there is not known";
        }
        String need = bytes >= 0 ? bytes + " bytes are needed" : "at least " + written + " bytes are needed";
        return new IOException(
                target + ": not written: " + reasonOf(failed) + "; " + need + " and " + free
                        + "; what was there before is untouched",
                failed);
    }

    /** The reason of a failure in words: some exceptions of the JDK hold a path and no reason. */
    private static String reasonOf(IOException failed) {
        return switch (failed) {
            case AccessDeniedException denied -> "no permission to write in this folder";
            case FileSystemException named when named.getReason() != null -> named.getReason();
            default -> Reason.of(failed);
        };
    }

    /** Makes the rename itself survive a power cut. Windows cannot open a folder and does not need to. */
    private static void flushFolder(Path folder) {
        try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException notSupported) {
            return; // the file is in place; only the durability of its name is left to the file system
        }
    }

    private record Counting(FileChannel channel, long[] written) implements WritableByteChannel {
        @Override
        public int write(ByteBuffer source) throws IOException {
            int length = source.remaining();
            while (source.hasRemaining()) {
                written[0] += channel.write(source);
            }
            return length;
        }

        @Override
        public boolean isOpen() {
            return channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
