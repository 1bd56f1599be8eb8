package ddpm.io;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A file is not what its format demands, or holds something that this library refuses to read. The message is
 * {@code FILE: REASON}; the reason names the offending part, what is allowed and what to do about it.
 *
 * <p>A plain {@link IOException} from the same methods means that the file could not be reached: it is missing, not
 * readable, or the disk failed.
 */
public final class FileFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String file;
    private final String reason;

    public FileFormatException(Path file, String reason) {
        this(file, reason, null);
    }

    public FileFormatException(Path file, String reason, Throwable cause) {
        super(file + ": " + reason, cause);
        this.file = file.toString();
        this.reason = reason;
    }

    /** The file as the caller named it. */
    public String file() {
        return file;
    }

    /** The message without the file's name. */
    public String reason() {
        return reason;
    }
}
