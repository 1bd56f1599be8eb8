package ddpm.cli.console;

import ddpm.text.Untrusted;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/**
 * Standard error while a command works: lines that stay, and on a terminal one line at the bottom that is drawn over and
 * over. Safe for any number of threads.
 */
public final class Console {
    private static final Path STDERR = Path.of("/proc/self/fd/2");

    private final PrintWriter err;
    private final boolean terminal;
    private final boolean quiet;
    private String status = "";

    /** The option {@code --quiet} of a command that takes long. */
    public static final class Quiet {
        @Option(
                names = {"-q", "--quiet"},
                description = "Print no progress and no notes on standard error.")
        private boolean quiet;

        public Console console(CommandLine line) {
            return new Console(line.getErr(), isTerminal(), quiet);
        }

        /** The console of a process that leaves speaking to another. */
        public Console silent(CommandLine line) {
            return new Console(line.getErr(), false, true);
        }
    }

    /**
     * @param terminal whether {@code err} is one that can be drawn on; if not, no carriage return is ever written
     * @param quiet whether nothing at all is written; errors do not come this way
     */
    public Console(PrintWriter err, boolean terminal, boolean quiet) {
        this.err = err;
        this.terminal = terminal;
        this.quiet = quiet;
    }

    boolean canBeDrawnOn() {
        return terminal;
    }

    /** Prints a line that stays, with what it quotes of files made harmless. */
    public synchronized void note(String line) {
        if (quiet) {
            return;
        }
        var drawn = status;
        draw("");
        err.println(Untrusted.printable(line));
        draw(drawn);
        err.flush();
    }

    /** Replaces the line at the bottom of a terminal; empty takes it away. Does nothing elsewhere. */
    public synchronized void status(String line) {
        if (!quiet && terminal) {
            draw(line);
            err.flush();
        }
    }

    private void draw(String line) {
        if (status.isEmpty() && line.isEmpty()) {
            return;
        }
        // Blanks rather than an escape sequence: every terminal understands them.
        err.print("\r" + line + " ".repeat(Math.max(0, status.length() - line.length())));
        if (line.isEmpty()) {
            err.print("\r");
        }
        status = line;
    }

    /**
     * Whether standard error is a terminal. {@link System#console()} answers for the other two streams only, and
     * {@code ddpm sample 2>log} at a terminal must not fill the log with carriage returns.
     */
    private static boolean isTerminal() {
        if ("dumb".equals(System.getenv("TERM"))) {
            return false;
        }
        if (System.getProperty("os.name").startsWith("Windows")) {
            return System.console() != null && System.console().isTerminal();
        }
        try {
            var file = Files.readSymbolicLink(STDERR).toString();
            return file.startsWith("/dev/pts/") || file.startsWith("/dev/tty") || file.equals("/dev/console");
        } catch (IOException noProcFolder) {
            return shellSays(); // macOS
        }
    }

    private static boolean shellSays() {
        try {
            return new ProcessBuilder("/bin/sh", "-c", "test -t 2")
                            .redirectError(Redirect.INHERIT)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
