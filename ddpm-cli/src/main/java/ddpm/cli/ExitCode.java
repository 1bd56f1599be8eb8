package ddpm.cli;

/** What the process's exit status says. */
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
}
