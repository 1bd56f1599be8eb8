package ddpm.data;

import static ddpm.text.Untrusted.quote;

import ddpm.text.Reason;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Flow;

/** One attempt to bring a partial file to its end over HTTP. Closing it drops its connections. */
final class Download implements AutoCloseable {
    /** More than any of the data sets; a server that sends more sends something else. */
    private static final long MAX_BYTES = 1L << 30;

    /** A server that sends less over the time of its patience is left: the largest set would take a week. */
    private static final long SLOWEST_PER_SECOND = 1024;

    private final HttpClient client = HttpClient.newBuilder()
            .connectTimeout(Duration.ofSeconds(20))
            .followRedirects(HttpClient.Redirect.NORMAL)
            .proxy(ProxySelector.getDefault())
            .build();
    private final Duration patience;

    /** @param patience how long a server may be silent */
    Download(Duration patience) {
        this.patience = patience;
    }

    /** An answer that makes asking the same server again pointless. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;

        RefusedException(String reason) {
            super(reason);
        }
    }

    /**
     * Appends to {@code part} what it lacks, or starts it over if the server does not resume.
     *
     * @throws RefusedException if the server does not have the file
     * @throws DataException if the disk does not take it
     * @throws IOException if the connection failed; what arrived is in the file
     */
    void into(FileChannel part, URI source, String name, DataFetch.Progress progress) throws IOException {
        long have = part.size();
        var request = HttpRequest.newBuilder(source).timeout(patience);
        if (have > 0) {
            request.header("Range", "bytes=" + have + "-");
        }
        HttpResponse<Flow.Publisher<List<ByteBuffer>>> response = send(request.build());
        try (var body = new HttpBody(response.body(), patience).start()) {
            switch (response.statusCode()) {
                case 200 -> have = 0; // Range was not asked for, or is ignored
                case 206 -> checkResumes(response, have);
                case 416 -> {
                    return; // nothing is missing, or the part is another file's: its checksum will tell
                }
                case 408, 425, 429, 500, 502, 503, 504 ->
                    throw new IOException("answered " + response.statusCode() + ", busy or out of order");
                default -> throw new RefusedException("answered " + response.statusCode());
            }
            part.truncate(have).position(have);
            long length = response.headers().firstValueAsLong("Content-Length").orElse(-1);
            copy(body, part, have, length < 0 ? -1 : have + length, name, progress);
        }
    }

    private HttpResponse<Flow.Publisher<List<ByteBuffer>>> send(HttpRequest request) throws IOException {
        try {
            return client.send(request, BodyHandlers.ofPublisher());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while asking for " + request.uri());
        } catch (RuntimeException e) { // the client's answer to redirects that lead to no possible address
            throw new RefusedException("leads to an impossible address: " + quote(String.valueOf(e.getMessage())));
        }
    }

    private static void checkResumes(HttpResponse<?> response, long have) throws RefusedException {
        String range = response.headers().firstValue("Content-Range").orElse("");
        if (!range.startsWith("bytes " + have + "-")) {
            throw new RefusedException(
                    "was asked to resume at byte " + have + " and answered with range " + quote(range));
        }
    }

    private void copy(HttpBody body, FileChannel part, long have, long total, String name, DataFetch.Progress progress)
            throws IOException {
        long at = have;
        long since = System.nanoTime();
        long before = at;
        for (List<ByteBuffer> bytes = body.next(); bytes != null; bytes = body.next()) {
            for (ByteBuffer piece : bytes) {
                at += piece.remaining();
                if (at > MAX_BYTES) {
                    throw new RefusedException("sends more than " + MAX_BYTES + " bytes");
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
            throw new DataException("cannot write " + name + " (" + Reason.of(e) + "); make room and fetch again", e);
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
