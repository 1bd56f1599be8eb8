package ddpm.data.format;

import java.io.IOException;

/** A file that is no usable image; the message is the rest of a sentence that the file's path begins. */
public final class BadImageException extends IOException {
    private static final long serialVersionUID = 1L;

    public BadImageException(String reason) {
        super(reason);
    }

    public BadImageException(String reason, Throwable cause) {
        super(reason, cause);
    }
}
