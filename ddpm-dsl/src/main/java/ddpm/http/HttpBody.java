package ddpm.http;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The body of an HTTP response, taken piece by piece with a limit on how long the server may be silent: the client's own
 * limit ends with the headers, and its stream of a body waits forever.
 */
final class HttpBody implements Flow.Subscriber<List<ByteBuffer>>, AutoCloseable {
    /** One event of the transfer: bytes, a failure, or with neither the end. */
    private record Event(List<ByteBuffer> bytes, Throwable failure) {}

    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>(); // one piece at most, and one end
    private final Flow.Publisher<List<ByteBuffer>> publisher;
    private final Duration patience;
    private volatile Flow.Subscription subscription;

    HttpBody(Flow.Publisher<List<ByteBuffer>> publisher, Duration patience) {
        this.publisher = publisher;
        this.patience = patience;
    }

    /** Starts the flow of bytes; call once, before {@link #next}. A proxy that refuses a tunnel sends none. */
    HttpBody start() {
        if (publisher == null) {
            onComplete();
        } else {
            publisher.subscribe(this);
        }
        return this;
    }

    /** The next bytes, or null at the end; throws if the connection failed or the server is silent for too long. */
    List<ByteBuffer> next() throws IOException {
        Event event;
        try {
            event = events.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while bytes were arriving");
        }
        if (event == null) {
            throw new HttpTimeoutException("the server was silent for " + patience.toMillis() + " ms");
        }
        if (event.failure() != null) {
            throw new IOException(event.failure().getMessage(), event.failure());
        }
        if (event.bytes() != null) {
            subscription.request(1);
        }
        return event.bytes();
    }

    @Override
    public void onSubscribe(Flow.Subscription flow) {
        subscription = flow;
        flow.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> bytes) {
        events.add(new Event(bytes, null));
    }

    @Override
    public void onError(Throwable failure) {
        events.add(new Event(null, failure));
    }

    @Override
    public void onComplete() {
        events.add(new Event(null, null));
    }

    /** Drops the connection if bytes are still to come. */
    @Override
    public void close() {
        if (subscription != null) {
            subscription.cancel();
        }
    }
}
