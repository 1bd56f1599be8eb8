package ddpm.data;

import ddpm.text.Reason;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A temporary file that keeps what cannot be read twice. Where the system allows, it has no name from the start, so that not
 * even a killed process leaves it behind; elsewhere it is deleted when Java ends.
 *
 * <p>Not a channel, which would be closed for all threads when one of them is interrupted while it reads.
 */
final class Spool {
    private final String what;
    private final Path path;
    private final RandomAccessFile file;

    /** @param what is kept, for messages */
    Spool(String what) throws IOException {
        this.what = what;
        path = Files.createTempFile("ddpm-", ".part");
        file = new RandomAccessFile(path.toFile(), "rw");
        try {
            Files.delete(path);
        } catch (IOException openFilesKeepTheirNamesHere) {
            Runtime.getRuntime().addShutdownHook(new Thread(this::delete));
        }
    }

    private void delete() {
        try {
            file.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            return; // it is in the folder for what may be deleted at any time
        }
    }

    /** Appends bytes; returns where they begin. */
    synchronized long add(byte[] bytes) throws IOException {
        try {
            long at = file.length();
            file.seek(at);
            file.write(bytes);
            return at;
        } catch (IOException e) {
            throw new IOException(
                    what + " cannot be unpacked to " + path.getParent() + ": " + Reason.of(e)
                            + "; make room there, name another folder by -Djava.io.tmpdir, or pack the pictures as .zip or .tar,"
                            + " which are read in place",
                    e);
        }
    }

    /** Reads bytes that were added. */
    synchronized byte[] read(long at, int length) throws IOException {
        byte[] bytes = new byte[length];
        file.seek(at);
        file.readFully(bytes);
        return bytes;
    }
}
