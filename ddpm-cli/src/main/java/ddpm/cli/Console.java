package ddpm.cli;

import java.io.PrintWriter;

/**
 * What a command tells people while it works, on stderr: lines that stay, and on a terminal one line at the bottom that
 * is drawn over and over. Safe for any number of threads.
 */
final class Console {
    private final PrintWriter err;
    private final boolean terminal;
    private final boolean quiet;
    private String status = "";

    /**
     * @param terminal whether {@code err} is one that can be drawn on; if not, no carriage return is ever written
     * @param quiet whether nothing at all is written; errors do not come this way
     */
    Console(PrintWriter err, boolean terminal, boolean quiet) {
        this.err = err;
        this.terminal = terminal;
        this.quiet = quiet;
    }

    boolean isTerminal() {
        return terminal;
    }

    /** One line that stays; what it quotes of files is made harmless. */
    synchronized void note(String line) {
        if (quiet) {
            return;
        }
        var drawn = status;
        draw("");
        err.println(TextTable.printableLines(line));
        draw(drawn);
        err.flush();
    }

    /** Replaces the line at the bottom of a terminal; empty takes it away. Does nothing elsewhere. */
    synchronized void status(String line) {
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
}
