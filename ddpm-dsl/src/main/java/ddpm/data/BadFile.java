package ddpm.data;

import java.nio.file.Path;

/**
 * A file that cannot be used.
 *
 * @param file where it lies
 * @param reason why, as the rest of a sentence that the file begins: {@code is cut short: ...}
 */
public record BadFile(Path file, String reason) {
    /** The whole sentence. */
    @Override
    public String toString() {
        return file + " " + reason;
    }
}
