package ddpm.text;

import java.io.IOException;

/** Text that is not the JSON it must be. The message says what is wrong; whoever read the text adds where it came from. */
public final class JsonException extends IOException {
    private static final long serialVersionUID = 1;

    public JsonException(String message) {
        super(message);
    }

    JsonException(String message, Throwable cause) {
        super(message, cause);
    }
}
