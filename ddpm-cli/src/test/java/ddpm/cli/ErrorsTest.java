package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.LibTorchNotFound;
import ddpm.torch.TorchException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ErrorsTest {
    private final StringWriter err = new StringWriter();

    private int report(Throwable failed) {
        return new Errors(() -> false).report(failed, new PrintWriter(err));
    }

    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(new TorchException("conv2d: no"), 1, "conv2d: no"),
                Arguments.of(new IllegalArgumentException("too large"), 1, "too large"),
                Arguments.of(new NoSuchFileException("a.pt"), 1, "a.pt: there is no such file or folder"),
                Arguments.of(
                        new AccessDeniedException("/etc/x"),
                        1,
                        "/etc/x: no permission; change it or name another place"),
                Arguments.of(new LibTorchNotFound("none"), 3, "none"),
                Arguments.of(ExitCode.NO_DEVICE.because("no gpu", null), 4, "no gpu"),
                Arguments.of(new CancellationException("stopped"), 130, "stopped"),
                Arguments.of(new CancellationException(), 130, "interrupted"),
                Arguments.of(new IOException("x: \u001b[2J is none"), 1, "x: \\u001b[2J is none"),
                Arguments.of(new IOException("two\nlines\r"), 1, "two\\u000alines"),
                Arguments.of(
                        new IOException("a.png: not written", new ClosedByInterruptException()), 130, "interrupted"),
                Arguments.of(
                        new IllegalStateException("oops"),
                        1,
                        "internal error: java.lang.IllegalStateException: oops; please report it with what --verbose adds"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void eachWayToFailHasAStatusAndALine(Throwable failed, int status, String line) {
        assertEquals(status, report(failed));
        assertEquals("ddpm: " + line + System.lineSeparator(), err.toString());
    }

    @Test
    void aStackTraceCommandsNoTerminalEither() {
        new Errors(() -> true)
                .report(new IOException("x: \u001b[2J", new IOException("y\u001b[2J")), new PrintWriter(err));
        assertTrue(err.toString().contains("\tat ddpm.cli.ErrorsTest."), err.toString());
        assertTrue(err.toString().contains("Caused by: java.io.IOException: y\\u001b[2J"), err.toString());
        assertFalse(err.toString().contains("\u001b"));
    }

    @Test
    void memoryOfTheJavaHeapIsNamedInMegabytes() {
        assertEquals(1, report(new OutOfMemoryError()));
        assertEquals(
                "ddpm: Java ran out of memory (" + Runtime.getRuntime().maxMemory() / 1_000_000
                        + " MB); give it more with java -Xmx..." + System.lineSeparator(),
                err.toString());
    }
}
