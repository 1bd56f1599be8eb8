package ddpm.http;

import static ddpm.text.Untrusted.quote;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Flow;

/**
 * The one client of the web. Redirects are followed here and not by the JDK, so that {@code Authorization} never reaches
 * another host. Closing it drops its connections.
 */
public final class Web implements AutoCloseable {
    private static final int MOST_REDIRECTS = 10;
    private static final String TUNNEL_SCHEMES = "jdk.http.auth.tunneling.disabledSchemes";

    static {
        // The JDK keeps Basic, which is what proxies ask for, from tunnels; it reads this before its first request.
        if (System.getProperty(TUNNEL_SCHEMES) == null) {
            System.setProperty(TUNNEL_SCHEMES, "");
        }
    }

    /** Which redirects are followed. */
    public enum Redirects {
        /** Those that name no host, as of a repository that was renamed. */
        RELATIVE,
        /** Those that stay on the host. */
        SAME_HOST,
        /** Those to any host, but from https to http. */
        ANY
    }

    private final Network network;
    private final Duration patience;
    private final HttpClient client;

    /**
     * @param patience how long a server may be silent
     * @throws IOException if the network's certificates cannot be read
     */
    public Web(Network network, Duration patience) throws IOException {
        this.network = network;
        this.patience = patience;
        var builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(patience.compareTo(Duration.ofSeconds(20)) < 0 ? patience : Duration.ofSeconds(20))
                .followRedirects(HttpClient.Redirect.NEVER)
                .proxy(network.proxies().selector());
        var certificates = network.certificates();
        if (certificates != null) {
            builder.sslContext(certificates);
        }
        this.client = builder.build();
    }

    Duration patience() {
        return patience;
    }

    /** An answer and its body, which is to be read or closed. */
    record Response(Answer answer, HttpBody body) implements AutoCloseable {
        @Override
        public void close() {
            body.close();
        }
    }

    /** Asks for a file's headers. */
    public Answer head(URI uri, Map<String, String> headers) throws IOException {
        try (var response = open("HEAD", uri, headers, Redirects.RELATIVE)) {
            return response.answer();
        }
    }

    /**
     * A short text with the answer around it.
     *
     * @param text as UTF-8
     */
    public record Page(Answer answer, String text) {}

    /**
     * Asks for a text.
     *
     * @throws RefusedException if it has more than {@code most} bytes
     */
    public Page get(URI uri, Map<String, String> headers, int most) throws IOException {
        try (var response = open("GET", uri, headers, Redirects.SAME_HOST)) {
            var text = new ByteArrayOutputStream();
            var body = response.body();
            for (List<ByteBuffer> bytes = body.next(); bytes != null; bytes = body.next()) {
                for (ByteBuffer piece : bytes) {
                    var some = new byte[piece.remaining()];
                    piece.get(some);
                    text.writeBytes(some);
                }
                if (text.size() > most) {
                    throw new RefusedException("sends more than " + most + " bytes");
                }
            }
            return new Page(response.answer(), text.toString(java.nio.charset.StandardCharsets.UTF_8));
        }
    }

    /** Sends a request and those that its redirects ask for. */
    Response open(String method, URI uri, Map<String, String> headers, Redirects redirects) throws IOException {
        var at = uri;
        for (int followed = 0; followed <= MOST_REDIRECTS; followed++) {
            var response = send(method, at, headers, isSameHost(uri, at));
            var location = response.headers().firstValue("Location").orElse(null);
            boolean moved = List.of(301, 302, 303, 307, 308).contains(response.statusCode()) && location != null;
            var target = moved ? target(at, location) : null;
            if (target == null || !follows(redirects, at, target, location)) {
                return new Response(
                        new Answer(response.statusCode(), at, response.headers()),
                        new HttpBody(response.body(), patience).start());
            }
            new HttpBody(response.body(), patience).start().close();
            at = target;
        }
        throw new RefusedException("redirects more than " + MOST_REDIRECTS + " times");
    }

    private static boolean follows(Redirects redirects, URI from, URI target, String location) {
        return switch (redirects) {
            case RELATIVE -> URI.create(location).getRawAuthority() == null;
            case SAME_HOST -> isSameHost(from, target);
            case ANY -> true;
        };
    }

    private static URI target(URI from, String location) throws RefusedException {
        URI target;
        try {
            target = from.resolve(location);
        } catch (IllegalArgumentException e) {
            throw new RefusedException("leads to an impossible address: " + quote(location));
        }
        boolean isWeb = "https".equals(target.getScheme())
                || "http".equals(target.getScheme()) && "http".equals(from.getScheme());
        if (!isWeb || target.getHost() == null || target.getPort() > 65_535) {
            throw new RefusedException("leads to an impossible address: " + quote(location));
        }
        return target;
    }

    /** Whether what is secret to one address may be sent to the other. */
    public static boolean isSameHost(URI one, URI other) {
        return String.valueOf(one.getScheme()).equalsIgnoreCase(other.getScheme())
                && String.valueOf(one.getHost()).equalsIgnoreCase(other.getHost())
                && one.getPort() == other.getPort();
    }

    private HttpResponse<Flow.Publisher<List<ByteBuffer>>> send(
            String method, URI uri, Map<String, String> headers, boolean withSecrets) throws IOException {
        try {
            var request = HttpRequest.newBuilder(uri)
                    .method(method, HttpRequest.BodyPublishers.noBody())
                    .timeout(patience)
                    .setHeader("User-Agent", "ddpm")
                    .setHeader("Accept-Encoding", "identity");
            headers.forEach((name, value) -> {
                if (withSecrets || !name.equalsIgnoreCase("Authorization")) {
                    request.setHeader(name, value);
                }
            });
            var authorization = network.proxies().authorization(uri);
            if (authorization != null) {
                request.setHeader("Proxy-Authorization", authorization);
            }
            return client.send(request.build(), BodyHandlers.ofPublisher());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while asking for " + uri);
        } catch (IllegalArgumentException e) {
            throw new RefusedException("cannot be asked: " + quote(String.valueOf(e.getMessage())));
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
