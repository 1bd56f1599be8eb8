package ddpm.train;

import java.io.IOException;

/** A folder holds a run that the given recipe would not continue; the message names every difference. */
public final class RunMismatchException extends IOException {
    private static final long serialVersionUID = 1L;

    RunMismatchException(String message) {
        super(message);
    }
}
