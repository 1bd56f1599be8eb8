package ddpm.cli;

/** The meaning of the process's exit status. */
enum ExitCode {
    DONE(0),
    FAILED(1),
    /** The command line itself was wrong; nothing was started. */
    USAGE(2),
    /** No libtorch, or no Java, that this program can use. */
    NO_LIBTORCH(3),
    NO_DEVICE(4),
    /** Stopped by Ctrl-C, as shells number it: 128 + SIGINT. */
    INTERRUPTED(130);

    private final int status;

    ExitCode(int status) {
        this.status = status;
    }

    int status() {
        return status;
    }

    /** The end of a command with this status; the message is complete for users, the cause may be null. */
    Failure because(String message, Throwable cause) {
        return new Failure(this, message, cause);
    }

    /** A command cannot go on, for a reason that has an exit status of its own. */
    static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final ExitCode exitCode;

        private Failure(ExitCode exitCode, String message, Throwable cause) {
            super(message, cause);
            this.exitCode = exitCode;
        }

        ExitCode exitCode() {
            return exitCode;
        }
    }
}
