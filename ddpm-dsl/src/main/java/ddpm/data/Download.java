package ddpm.data;

import java.io.IOException;
import java.io.InputStream;
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
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** One attempt to bring a partial file to its end over HTTP. Closing it drops its connections. */
final class Download implements AutoCloseable {
    /** More than any of the data sets; a server that sends more sends something else. */
    private static final long MAX_BYTES = 1L << 30;

    private final HttpClient client = HttpClient.newBuilder()
            .connectTimeout(Duration.ofSeconds(20))
            .followRedirects(HttpClient.Redirect.NORMAL)
            .proxy(ProxySelector.getDefault())
            .build();
    private final ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().factory());
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
        HttpResponse<InputStream> response = send(request.build());
        try (InputStream body = response.body()) {
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

    private HttpResponse<InputStream> send(HttpRequest request) throws IOException {
        try {
            return client.send(request, BodyHandlers.ofInputStream());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while asking for " + request.uri());
        }
    }

    private static void checkResumes(HttpResponse<?> response, long have) throws RefusedException {
        String range = response.headers().firstValue("Content-Range").orElse("");
        if (!range.startsWith("bytes " + have + "-")) {
            throw new RefusedException(
                    "was asked to resume at byte " + have + " and answered with range '" + range + "'");
        }
    }

    /** The client's own time limit ends with the headers, so a watch closes a body that has gone silent. */
    private void copy(
            InputStream body, FileChannel part, long have, long total, String name, DataFetch.Progress progress)
            throws IOException {
        var lastByte = new AtomicLong(System.nanoTime());
        var silent = watch.scheduleWithFixedDelay(
                () -> {
                    if (System.nanoTime() - lastByte.get() > patience.toNanos()) {
                        close(body);
                    }
                },
                patience.toMillis() / 4 + 1,
                patience.toMillis() / 4 + 1,
                TimeUnit.MILLISECONDS);
        byte[] buffer = new byte[1 << 16];
        long at = have;
        try {
            for (int count = body.read(buffer); count >= 0; count = body.read(buffer)) {
                lastByte.set(System.nanoTime());
                at += count;
                if (at > MAX_BYTES) {
                    throw new RefusedException("sends more than " + MAX_BYTES + " bytes");
                }
                write(part, buffer, count, name);
                progress.at(name, at, total);
            }
        } finally {
            silent.cancel(false);
        }
        if (total >= 0 && at < total) {
            throw new IOException("stopped after " + at + " of " + total + " bytes");
        }
    }

    private static void write(FileChannel part, byte[] buffer, int count, String name) throws IOException {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, count);
            while (bytes.hasRemaining()) {
                part.write(bytes);
            }
        } catch (ClosedChannelException e) {
            throw e; // by an interrupt, which is no fault of the disk
        } catch (IOException e) {
            throw new DataException("cannot write " + name + " (" + e.getMessage() + "); make room and fetch again", e);
        }
    }

    private static void close(InputStream body) {
        try {
            body.close();
        } catch (IOException e) {
            // The reader of this body meets the same failure and reports it.
        }
    }

    @Override
    public void close() {
        watch.shutdownNow();
        client.shutdownNow();
    }
}
