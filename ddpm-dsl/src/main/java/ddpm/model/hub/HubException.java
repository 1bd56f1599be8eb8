package ddpm.model.hub;

import java.io.IOException;

/** A model that cannot be had from the hub; the message says why and what to do, in one sentence. */
public final class HubException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Whether what was fetched before may stand in: the hub gave no answer about this model. */
    private final boolean unreachable;

    private HubException(String message, boolean unreachable, Throwable cause) {
        super(message, cause);
        this.unreachable = unreachable;
    }

    /** The hub has answered, or the files are not what they must be. */
    static HubException refused(String message) {
        return new HubException(message, false, null);
    }

    /** The hub could not be asked, or did not answer. */
    static HubException unreachable(String message, Throwable cause) {
        return new HubException(message, true, cause);
    }

    boolean isUnreachable() {
        return unreachable;
    }
}
