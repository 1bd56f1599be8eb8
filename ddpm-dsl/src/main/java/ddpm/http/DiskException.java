package ddpm.http;

import java.io.IOException;

/** The disk does not take what arrives; no server can help. */
public final class DiskException extends IOException {
    private static final long serialVersionUID = 1L;

    DiskException(String message, IOException cause) {
        super(message, cause);
    }
}
