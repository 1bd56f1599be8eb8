package ddpm.http;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;

/**
 * What the network that a machine is on demands: its proxies, and the certificates that it trusts.
 *
 * <p>Proxies are those of Java's own properties ({@code https.proxyHost}) if there are any, else of the variables
 * {@code HTTPS_PROXY}, {@code HTTP_PROXY}, {@code ALL_PROXY} and {@code NO_PROXY} in small or large letters. Certificates
 * are those of {@code javax.net.ssl.trustStore}, else of {@code SSL_CERT_FILE}, else Java's.
 *
 * @param certificateFile in PEM, or null for what Java itself trusts
 */
public record Network(Proxies proxies, Path certificateFile) {
    private static final String TRUST_STORE = "javax.net.ssl.trustStore";

    /**
     * @param environment the process's variables
     * @throws IllegalArgumentException if a proxy is none that can be used; names the variable
     */
    public static Network of(Map<String, String> environment) {
        var file = environment.getOrDefault("SSL_CERT_FILE", "");
        boolean isJavas = file.isBlank() || System.getProperty(TRUST_STORE) != null;
        return new Network(Proxies.of(environment), isJavas ? null : Path.of(file));
    }

    /** Null for Java's own. */
    SSLContext certificates() throws IOException {
        return certificateFile == null ? null : Certificates.trusting(certificateFile);
    }

    /**
     * Describes which settings apply, without passwords.
     *
     * @throws IOException if the certificates cannot be read; the message says why
     */
    public String describe() throws IOException {
        var parts = new ArrayList<String>(List.of(proxies.describe()));
        if (certificateFile != null) {
            certificates();
            parts.add("certificates of " + certificateFile + " (SSL_CERT_FILE)");
        } else if (System.getProperty(TRUST_STORE) != null) {
            parts.add("certificates of " + System.getProperty(TRUST_STORE) + " (" + TRUST_STORE + ")");
        } else {
            parts.add("Java's certificates");
        }
        return String.join(", ", parts);
    }
}
