package ddpm.data;

import java.util.Locale;

/**
 * A file to fetch, the same on every mirror.
 *
 * @param name its name on the mirrors and on disk, without folders
 * @param hash as the file's authors publish it: 32 hexadecimal digits of MD5, or 64 of SHA-256
 */
public record RemoteFile(String name, String hash) {
    private static final int MD5_DIGITS = 32;

    /** @throws IllegalArgumentException if the name has a separator or is hidden, or the checksum is none */
    public RemoteFile {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
            throw new IllegalArgumentException(
                    "a remote file's name is letters, digits, dots, dashes and underscores, not " + name);
        }
        if (!hash.matches("[0-9a-fA-F]{32}|[0-9a-fA-F]{64}")) {
            throw new IllegalArgumentException(
                    "a checksum is 32 hexadecimal digits of MD5 or 64 of SHA-256, not " + hash);
        }
        hash = hash.toLowerCase(Locale.ROOT);
    }

    /** The algorithm of the hash: {@code MD5} or {@code SHA-256}. */
    public String algorithm() {
        return hash.length() == MD5_DIGITS ? "MD5" : "SHA-256";
    }
}
