package ddpm.data;

import java.io.IOException;

/** A file that is no usable image; the message is the rest of a sentence that the file's path begins. */
final class BadImageException extends IOException {
    private static final long serialVersionUID = 1L;

    BadImageException(String reason) {
        super(reason);
    }

    BadImageException(String reason, Throwable cause) {
        super(reason, cause);
    }
}
