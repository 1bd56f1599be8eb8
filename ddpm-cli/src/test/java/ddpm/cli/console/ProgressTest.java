package ddpm.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressTest {
    private static final long SECOND = 1_000_000_000L;

    private final StringWriter err = new StringWriter();
    private final AtomicLong now = new AtomicLong();

    /** A run of 200 steps, one per second. */
    private String run(boolean terminal, boolean quiet) {
        var console = new Console(new PrintWriter(err), terminal, quiet);
        var progress = new Progress(console, "steps", 200, now::get);
        for (int i = 1; i <= 200; i++) {
            now.addAndGet(SECOND);
            progress.at(i);
        }
        progress.end();
        console.note("done");
        return err.toString().replace(System.lineSeparator(), "\n");
    }

    @Test
    void withoutATerminalThereIsAPlainLineNowAndThen() {
        var lines = run(false, false).split("\n");
        assertEquals(7, lines.length);
        assertEquals("0:30  15%  30/200 steps  1.0 steps/s  2:50 left", lines[0]);
        assertEquals("done", lines[6]);
        assertFalse(err.toString().replace(System.lineSeparator(), "\n").contains("\r"));
    }

    @Test
    void aTerminalGetsOneLineThatIsDrawnOverAndTakenAway() {
        var text = run(true, false);
        assertEquals(1, text.chars().filter(c -> c == '\n').count());
        assertTrue(text.contains("\r[############............]  50%  100/200 steps  1.0 steps/s  1:40 left"), text);
        var last = text.substring(0, text.lastIndexOf('\r'));
        assertTrue(last.substring(last.lastIndexOf('\r') + 1).isBlank(), "the bar is wiped out");
        assertTrue(text.endsWith("\rdone\n"), "the note stands at the beginning of a line");
        for (var drawing : text.split("[\r\n]")) {
            assertTrue(drawing.length() < 80, drawing);
        }
    }

    @Test
    void quietIsSilent() {
        assertEquals("", run(true, true));
    }

    @Test
    void aTerminalIsNotRedrawnForEveryStep() {
        var console = new Console(new PrintWriter(err), true, false);
        var progress = new Progress(console, "steps", 1000, now::get);
        for (int i = 1; i <= 1000; i++) {
            now.addAndGet(SECOND / 1000);
            progress.at(i);
        }
        assertEquals(10, err.toString().chars().filter(c -> c == '\r').count());
    }

    @ParameterizedTest
    @CsvSource({"0.4, 0:00", "59.6, 1:00", "754, 12:34", "3600, 1:00:00", "90061, 25:01:01"})
    void durationsReadLikeAClock(double seconds, String text) {
        assertEquals(text, Progress.duration(seconds));
    }
}
