package ddpm.cli.process;

import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/**
 * Lets a command end itself when the process gets Ctrl-C or SIGTERM: its thread is interrupted, and the JVM waits
 * for it. The JVM then exits with 128 + the signal's number, 130 for Ctrl-C, whatever the command returned.
 */
public final class CtrlC {
    /** One step of a large network takes minutes on few cores; a command that hangs must not keep the process for ever. */
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    /** Waiting so long without a word looks like hanging. */
    private static final Duration SILENCE = Duration.ofSeconds(5);

    private CtrlC() {}

    /** Runs the command on this thread and returns its status. */
    public static int interrupts(IntSupplier command) {
        var worker = Thread.currentThread();
        var done = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            if (done.getCount() > 0) {
                                worker.interrupt();
                                awaitEnd(done);
                            }
                        },
                        "ctrl-c"));
        try {
            return command.getAsInt();
        } finally {
            done.countDown();
        }
    }

    private static void awaitEnd(CountDownLatch done) {
        try {
            if (!done.await(SILENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                System.err.printf(
                        Locale.ROOT,
                        "ddpm: the step that is being computed must end first, for up to %d minutes; ending process %d"
                                + " by force loses what is not saved%n",
                        PATIENCE.toMinutes(),
                        ProcessHandle.current().pid());
                done.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
