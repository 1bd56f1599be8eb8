package ddpm.train;

import ddpm.io.WholeFile;
import ddpm.text.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Keeps a second process, or a second run in this one, out of a run's folder. The system frees it with its process. */
final class RunLock implements AutoCloseable {
    private static final int LONGEST_OWNER = 32;

    private final FileChannel channel;

    private RunLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * @param folder exists
     * @throws IOException if someone else trains there; the message says who
     */
    static RunLock take(Path folder) throws IOException {
        var file = folder.resolve(".lock");
        WholeFile.requireFile(file);
        var channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) {
                channel.truncate(0);
                channel.write(ByteBuffer.wrap(
                        Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
                return new RunLock(channel);
            }
        } catch (OverlappingFileLockException e) {
            // another run of this process: said below
        } catch (IOException e) {
            channel.close();
            throw new IOException(file + ": cannot be locked: " + Reason.of(e), e);
        }
        var owner = owner(channel);
        channel.close();
        throw new IOException(folder + ": process " + owner + " trains in this folder (it holds " + file.getFileName()
                + "); wait for it, stop it, or name another folder");
    }

    private static String owner(FileChannel channel) {
        var bytes = ByteBuffer.allocate(LONGEST_OWNER);
        try {
            channel.read(bytes, 0);
        } catch (IOException unreadable) {
            return "(unknown)";
        }
        var text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII);
        return text.matches("\\d+") ? text : "(unknown)";
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
