package ddpm.cli;

import ddpm.text.Reason;
import ddpm.text.Untrusted;
import ddpm.torch.LibTorchNotFound;
import ddpm.torch.TorchException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Turns whatever ends a command into {@code ddpm: REASON} on stderr and an {@link ExitCode}. Stack traces are for
 * {@code --verbose}. Reasons may quote files, so what a terminal would obey is made harmless.
 *
 * @param verbose asked when something went wrong, after parsing
 */
record Errors(BooleanSupplier verbose) implements IExecutionExceptionHandler, IParameterExceptionHandler {
    /** Makes a value, if need be from a file; {@code E} is what else may go wrong. */
    interface Made<T, E extends Exception> {
        T of() throws E;
    }

    /** A value whose own checks refuse it as wrong usage of this command. */
    static <T, E extends Exception> T checked(CommandLine command, Made<T, E> made) throws E {
        try {
            return made.of();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command, e.getMessage(), e);
        }
    }

    @Override
    public int handleParseException(ParameterException wrong, String[] args) {
        var command = wrong.getCommandLine();
        var err = command.getErr();
        err.println("ddpm: " + Untrusted.printable(wrong.getMessage()));
        UnmatchedArgumentException.printSuggestions(wrong, err);
        err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        trace(wrong, err);
        return ExitCode.USAGE.status();
    }

    @Override
    public int handleExecutionException(Exception failed, CommandLine command, ParseResult parsed) {
        return report(failed, command.getErr());
    }

    /** Prints why a command ended and returns the exit status. */
    int report(Throwable failed, PrintWriter err) {
        var code = exitCode(failed);
        var reason = code == ExitCode.INTERRUPTED ? interruption(failed) : message(failed);
        err.println("ddpm: " + Untrusted.printable(reason));
        trace(failed, err);
        return code.status();
    }

    private void trace(Throwable failed, PrintWriter err) {
        if (verbose.getAsBoolean()) {
            var trace = new StringWriter();
            failed.printStackTrace(new PrintWriter(trace));
            trace.toString().lines().forEach(line -> {
                int indent = line.length() - line.stripLeading().length();
                err.println(line.substring(0, indent) + Untrusted.escape(line.substring(indent)));
            });
        }
        err.flush();
    }

    private static ExitCode exitCode(Throwable failed) {
        for (var e = failed; e != null; e = e.getCause()) {
            if (e instanceof CancellationException
                    || e instanceof InterruptedException
                    || e instanceof ClosedByInterruptException) {
                return ExitCode.INTERRUPTED;
            }
        }
        return switch (failed) {
            case ExitCode.Failure known -> known.exitCode();
            case LibTorchNotFound _ -> ExitCode.NO_LIBTORCH;
            default -> ExitCode.FAILED;
        };
    }

    private static String interruption(Throwable failed) {
        boolean says = failed instanceof ExitCode.Failure || failed instanceof CancellationException;
        return says && failed.getMessage() != null ? failed.getMessage() : "interrupted";
    }

    private static String message(Throwable failed) {
        return switch (failed) {
            case UncheckedIOException e -> Reason.of(e.getCause());
            case IOException e -> Reason.of(e);
            case ExitCode.Failure e -> e.getMessage();
            case TorchException e -> orClass(e);
            case IllegalArgumentException e -> orClass(e);
            case OutOfMemoryError _ ->
                "Java ran out of memory (" + Runtime.getRuntime().maxMemory() / 1_000_000
                        + " MB); give it more with java -Xmx...";
            default -> "internal error: " + failed + "; please report it with what --verbose adds";
        };
    }

    private static String orClass(Throwable e) {
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }
}
