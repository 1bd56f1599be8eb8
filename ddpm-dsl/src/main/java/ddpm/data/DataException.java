package ddpm.data;

import java.io.IOException;

/** A data set that cannot be used as it lies on disk; the message names the path, the reason and what to do. */
public final class DataException extends IOException {
    private static final long serialVersionUID = 1L;

    DataException(String message) {
        super(message);
    }

    DataException(String message, Throwable cause) {
        super(message, cause);
    }
}
