package ddpm.cli.process;

import java.util.Optional;

/**
 * The launcher that started this process, where one did. Whoever ends the launcher, be it with kill -9, means this
 * process: so it ends too, the way it does on Ctrl-C, and a training run is saved first.
 */
public final class Parent {
    /** The property in which a launcher names its process. */
    private static final String PROPERTY = "ddpm.launcher";

    private static final long MILLIS_BETWEEN_LOOKS = 500;

    private Parent() {}

    /** Ends this process with a status once its launcher is gone; does nothing without a launcher. */
    public static void endWith(int status) {
        long launcher = Long.getLong(PROPERTY, 0);
        if (launcher > 0) {
            Thread.ofPlatform().name("ddpm-parent").daemon().start(() -> {
                // An orphan gets another parent at once, even while nobody has taken notice of the launcher's end.
                while (parent().filter(pid -> pid == launcher).isPresent()) {
                    try {
                        Thread.sleep(MILLIS_BETWEEN_LOOKS);
                    } catch (InterruptedException e) {
                        return;
                    }
                }
                System.exit(status);
            });
        }
    }

    private static Optional<Long> parent() {
        return ProcessHandle.current().parent().map(ProcessHandle::pid);
    }
}
