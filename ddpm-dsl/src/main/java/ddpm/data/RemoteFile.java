package ddpm.data;

import java.util.Locale;

/**
 * A file to fetch, the same on every mirror.
 *
 * @param name its name on the mirrors and on disk, without folders
 * @param md5 32 hexadecimal digits, as the data set's authors publish them
 */
public record RemoteFile(String name, String md5) {
    /** @throws IllegalArgumentException if the name has a separator or is hidden, or the checksum is none */
    public RemoteFile {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
            throw new IllegalArgumentException(
                    "a remote file's name is letters, digits, dots, dashes and underscores, not " + name);
        }
        if (!md5.matches("[0-9a-fA-F]{32}")) {
            throw new IllegalArgumentException("an MD5 checksum is 32 hexadecimal digits, not " + md5);
        }
        md5 = md5.toLowerCase(Locale.ROOT);
    }
}
