package ddpm.http;

import java.net.URI;
import java.net.http.HttpHeaders;
import java.util.Optional;

/**
 * A server's answer but for its body.
 *
 * @param status of HTTP
 * @param uri what was asked for in the end, after redirects
 */
public record Answer(int status, URI uri, HttpHeaders headers) {
    /** The first header of this name. */
    public Optional<String> header(String name) {
        return headers.firstValue(name);
    }

    /** Whether asking again may help: the server is busy or out of order. */
    public boolean isBusy() {
        return switch (status) {
            case 408, 425, 429, 500, 502, 503, 504 -> true;
            default -> false;
        };
    }
}
