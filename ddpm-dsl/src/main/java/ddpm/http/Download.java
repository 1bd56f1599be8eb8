package ddpm.http;

import static ddpm.text.Untrusted.quote;

import ddpm.text.Reason;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One file on its way from a server to the disk: resumed where it broke, tried again while that helps, and checked.
 *
 * @param pause half the pause after a failure; it doubles with each in vain
 * @param most bytes; a server that sends more sends something else
 */
public record Download(Web web, Duration pause, long most) {
    /** A server that sends less over the time of its patience is left: the largest set would take a week. */
    private static final long SLOWEST_PER_SECOND = 1024;

    private static final int ATTEMPTS_IN_VAIN = 4;
    private static final int WORTH_AN_ATTEMPT = 16 << 10;

    /** Looks at a file that has arrived. */
    @FunctionalInterface
    public interface Check {
        /** Null if the file is the one that was wanted, else what it is instead: {@code "sent a file with MD5 .."}. */
        String fault() throws IOException;
    }

    /**
     * Appends to {@code part} what it lacks until it is whole.
     *
     * @param part what is there of the file so far; kept on failure, but emptied when the check fails
     * @param name for messages
     * @throws RefusedException if the server does not have the file, or has another
     * @throws DiskException if the disk does not take it
     * @throws IOException if the connection failed too often; what arrived is in the file
     */
    public void fetch(
            FileChannel part, URI source, Map<String, String> headers, String name, Progress progress, Check check)
            throws IOException {
        // Attempts in vain are counted: a long file over a line that keeps breaking arrives in as many as it takes.
        for (int inVain = 0; ; ) {
            long before = part.size();
            try {
                append(part, source, headers, name, progress);
            } catch (RefusedException | DiskException | ClosedChannelException e) {
                throw e; // the last by an interrupt
            } catch (IOException e) {
                inVain = part.size() >= before + WORTH_AN_ATTEMPT ? 1 : inVain + 1;
                if (Thread.currentThread().isInterrupted() || inVain >= ATTEMPTS_IN_VAIN) {
                    throw e;
                }
                sleep(pause.multipliedBy(1L << inVain));
                continue;
            }
            var fault = check.fault();
            if (fault == null) {
                return;
            }
            part.truncate(0);
            if (before == 0) {
                throw new RefusedException(
                        fault); // a file of its own; after a resumed part it may be the part that was
            }
        }
    }

    /** One attempt; what the server does not resume is started over. */
    private void append(FileChannel part, URI source, Map<String, String> headers, String name, Progress progress)
            throws IOException {
        long have = part.size();
        var asked = new HashMap<>(headers);
        if (have > 0) {
            asked.put("Range", "bytes=" + have + "-");
        }
        try (var response = web.open("GET", source, asked, Web.Redirects.ANY)) {
            var answer = response.answer();
            switch (answer.status()) {
                case 200 -> have = 0; // Range was not asked for, or is ignored
                case 206 -> checkResumes(answer, have);
                case 416 -> {
                    return; // nothing is missing, or the part is another file's: its checksum will tell
                }
                default -> {
                    if (answer.isBusy()) {
                        throw new IOException("answered " + answer.status() + ", busy or out of order");
                    }
                    throw new RefusedException(answer);
                }
            }
            part.truncate(have).position(have);
            long length = answer.headers().firstValueAsLong("Content-Length").orElse(-1);
            copy(response.body(), part, have, length < 0 ? -1 : have + length, name, progress);
        }
    }

    private static void checkResumes(Answer answer, long have) throws RefusedException {
        String range = answer.header("Content-Range").orElse("");
        if (!range.startsWith("bytes " + have + "-")) {
            throw new RefusedException(
                    "was asked to resume at byte " + have + " and answered with range " + quote(range));
        }
    }

    private void copy(HttpBody body, FileChannel part, long have, long total, String name, Progress progress)
            throws IOException {
        var patience = web.patience();
        long at = have;
        long since = System.nanoTime();
        long before = at;
        for (List<ByteBuffer> bytes = body.next(); bytes != null; bytes = body.next()) {
            for (ByteBuffer piece : bytes) {
                at += piece.remaining();
                if (at > most) {
                    throw new RefusedException("sends more than " + most + " bytes");
                }
                write(part, piece, name);
            }
            progress.at(name, at, total);
            long waited = System.nanoTime() - since;
            if (waited >= patience.toNanos()) {
                if (at - before < SLOWEST_PER_SECOND * patience.toMillis() / 1000) {
                    throw new RefusedException("sends less than " + SLOWEST_PER_SECOND + " bytes a second");
                }
                since += waited;
                before = at;
            }
        }
        if (total >= 0 && at < total) {
            throw new IOException("stopped after " + at + " of " + total + " bytes");
        }
    }

    private static void write(FileChannel part, ByteBuffer bytes, String name) throws IOException {
        try {
            while (bytes.hasRemaining()) {
                part.write(bytes);
            }
        } catch (ClosedChannelException e) {
            throw e; // by an interrupt, which is no fault of the disk
        } catch (IOException e) {
            throw new DiskException("cannot write " + name + " (" + Reason.of(e) + "); make room and fetch again", e);
        }
    }

    private static void sleep(Duration time) throws InterruptedIOException {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting to try again");
        }
    }
}
