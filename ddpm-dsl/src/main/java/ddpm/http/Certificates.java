package ddpm.http;

import ddpm.text.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Authorities out of a PEM file, as {@code SSL_CERT_FILE} names one; they stand in the place of Java's own. */
final class Certificates {
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\\s]+)-----END CERTIFICATE-----");

    private Certificates() {}

    static SSLContext trusting(Path file) throws IOException {
        try {
            var store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            var factory = CertificateFactory.getInstance("X.509");
            var blocks = BLOCK.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
            while (blocks.find()) {
                var der = Base64.getMimeDecoder().decode(blocks.group(1));
                store.setCertificateEntry(
                        "authority " + store.size(), factory.generateCertificate(new ByteArrayInputStream(der)));
            }
            if (store.size() == 0) {
                throw new IOException("it has no BEGIN CERTIFICATE");
            }
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            var context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (IOException e) {
            throw unusable(file, Reason.of(e), e);
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw unusable(file, e.getMessage(), e);
        }
    }

    private static IOException unusable(Path file, String reason, Exception cause) {
        return new IOException(
                "SSL_CERT_FILE names " + file + ", which is no PEM file of certificates (" + reason
                        + "); correct it, or unset it for Java's certificates",
                cause);
    }
}
