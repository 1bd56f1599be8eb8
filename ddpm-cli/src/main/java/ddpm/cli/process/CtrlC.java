package ddpm.cli.process;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/**
 * Lets a command end itself when the process gets Ctrl-C or SIGTERM: its thread is interrupted, and the JVM waits
 * for it. The JVM then exits with 128 + the signal's number, 130 for Ctrl-C, whatever the command returned.
 */
public final class CtrlC {
    /** Longer than any single step takes; a command that hangs must not keep the process alive for ever. */
    private static final long PATIENCE_SECONDS = 20;

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
                                await(done);
                            }
                        },
                        "ctrl-c"));
        try {
            return command.getAsInt();
        } finally {
            done.countDown();
        }
    }

    private static void await(CountDownLatch done) {
        try {
            done.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
