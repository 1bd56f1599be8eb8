package ddpm.data;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Accumulates what makes two sets of images or labels the same; 128 bits of SHA-256. */
final class Fingerprint {
    private final MessageDigest sha;

    Fingerprint(ImageShape shape, int size) {
        this(shape + " x " + size);
    }

    /** @param kind what the rest is of */
    Fingerprint(String kind) {
        try {
            sha = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
        add(kind);
    }

    /** A string, closed by a zero byte so that neighbours cannot run together. */
    Fingerprint add(String text) {
        sha.update(text.getBytes(StandardCharsets.UTF_8));
        sha.update((byte) 0);
        return this;
    }

    Fingerprint add(byte[] bytes) {
        sha.update(bytes);
        return this;
    }

    /** 32 hexadecimal digits; call once. */
    String hex() {
        return HexFormat.of().formatHex(sha.digest(), 0, 16);
    }
}
