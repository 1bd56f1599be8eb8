package ddpm.model.hub;

import ddpm.io.FileHash;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The hash of a file's content that a hub names it by: SHA-256 in large-file storage, else git's SHA-1 of a blob. */
final class HubHash {
    private static final int SHA256_DIGITS = 64;

    private HubHash() {}

    static boolean isOne(String etag) {
        return etag.matches("[0-9a-f]{40}|[0-9a-f]{64}");
    }

    /** Null if the file's content is what {@code etag} names, else what is wrong with it. */
    static String fault(Path file, String etag) throws IOException {
        boolean isLarge = etag.length() == SHA256_DIGITS;
        var algorithm = isLarge ? "SHA-256" : "SHA-1";
        var prefix = isLarge ? "" : "blob " + Files.size(file) + "\0";
        var found = FileHash.of(file, algorithm, prefix.getBytes(StandardCharsets.US_ASCII));
        return found.equals(etag) ? null : "sent a file with " + algorithm + " " + found + ", not " + etag;
    }
}
