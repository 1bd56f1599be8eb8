package ddpm.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The hash of a file's content, in small hexadecimal digits. */
public final class FileHash {
    private FileHash() {}

    /**
     * Hashes a prefix and then the file.
     *
     * @param algorithm one that every Java platform has: MD5, SHA-1 or SHA-256
     * @param prefix bytes that go before the file's own, such as the header of a git blob
     */
    public static String of(Path file, String algorithm, byte... prefix) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalArgumentException("no hash algorithm " + algorithm, e);
        }
        digest.update(prefix);
        byte[] buffer = new byte[1 << 16];
        try (var in = Files.newInputStream(file)) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                digest.update(buffer, 0, count);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
