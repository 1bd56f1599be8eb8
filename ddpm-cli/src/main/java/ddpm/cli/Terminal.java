package ddpm.cli;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Whether the standard error stream is a terminal. {@link System#console()} answers for the other two streams only, and
 * {@code ddpm sample 2>log} at a terminal must not fill the log with carriage returns.
 */
final class Terminal {
    private static final Path STDERR = Path.of("/proc/self/fd/2");

    private Terminal() {}

    static boolean isStandardError() {
        var kind = System.getenv("TERM");
        if (kind != null && kind.equals("dumb")) {
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
