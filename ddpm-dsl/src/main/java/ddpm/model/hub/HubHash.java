package ddpm.model.hub;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

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
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance(isLarge ? "SHA-256" : "SHA-1");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-1 and SHA-256", e);
        }
        if (!isLarge) {
            digest.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII));
        }
        byte[] buffer = new byte[1 << 16];
        try (var in = Files.newInputStream(file)) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                digest.update(buffer, 0, count);
            }
        }
        var found = HexFormat.of().formatHex(digest.digest());
        return found.equals(etag) ? null : "sent a file with " + digest.getAlgorithm() + " " + found + ", not " + etag;
    }
}
