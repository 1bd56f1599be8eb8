package ddpm.http;

import java.io.IOException;

/** An answer that makes asking the same server again pointless. */
public final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient Answer answer;

    RefusedException(String reason) {
        super(reason);
        this.answer = null;
    }

    RefusedException(Answer answer) {
        super("answered " + answer.status()
                + (answer.status() == 407 ? ", the proxy's wish for a user and a password; see HTTPS_PROXY" : ""));
        this.answer = answer;
    }

    /** The answer, or null if its status was not the reason. */
    public Answer answer() {
        return answer;
    }
}
