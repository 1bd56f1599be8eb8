package ddpm.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes a file whole or not at all: under a temporary name in the same folder, flushed to the disk, then renamed over
 * the target in one step. A reader, a crash or a full disk sees the old file or the new one, never a part.
 *
 * <p>A process killed while writing leaves only a hidden {@code .NAME.*.part} file beside the untouched target.
 */
public final class WholeFile {
    /** Produces a file's bytes, first to last. */
    @FunctionalInterface
    public interface Content {
        /** @param out takes all remaining bytes of a buffer in one call to {@code write} */
        void writeTo(WritableByteChannel out) throws IOException;
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
        Path real = Files.exists(target) ? target.toRealPath() : target.toAbsolutePath();
        Path folder = real.getParent();
        if (Files.exists(real) && !Files.isRegularFile(real)) {
            throw new IOException(target + ": is a folder or a device, not a file that can be replaced; name a file");
        }
        if (folder == null || !Files.isDirectory(folder)) {
            throw new NotDirectoryException(folder + ": there is no such folder to write " + target + " in; create it");
        }
        Path part = folder.resolve("." + real.getFileName() + "."
                + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()) + ".part");
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

    /** Writes these bytes as the whole of {@code target}. */
    public static void write(Path target, byte[] bytes) throws IOException {
        write(target, bytes.length, out -> out.write(ByteBuffer.wrap(bytes)));
    }

    /** Writes this text, as UTF-8, as the whole of {@code target}. */
    public static void write(Path target, String text) throws IOException {
        write(target, text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Gives a finished folder its name in one step, and makes the name survive a power cut.
     *
     * @param part a folder whose files are all on disk
     * @param target beside it, not there yet
     */
    public static void publish(Path part, Path target) throws IOException {
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        flushFolder(target.toAbsolutePath().getParent());
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

    private static String reasonOf(IOException failed) {
        return failed.getMessage() == null ? failed.getClass().getSimpleName() : failed.getMessage();
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
