package ddpm.torch;

/**
 * Whether operations on this thread are recorded for backward passes.
 *
 * <pre>{@code try (var off = GradMode.off()) { sample(); } }</pre>
 */
public final class GradMode implements AutoCloseable {
    private final Thread owner = Thread.currentThread();
    private final boolean before;
    private boolean closed;

    private GradMode(boolean before) {
        this.before = before;
    }

    /** Records nothing until closed. */
    public static GradMode off() {
        return set(false);
    }

    /** Records (libtorch's default) until closed. */
    public static GradMode on() {
        return set(true);
    }

    public static boolean isOn() {
        LibTorch.load();
        return Abi.gradModeIsEnabled();
    }

    private static GradMode set(boolean enabled) {
        boolean before = isOn();
        Abi.gradModeSetEnabled(enabled);
        return new GradMode(before);
    }

    /**
     * Restores the mode that was before. Closing twice is harmless.
     *
     * @throws IllegalStateException on another thread, whose mode this never was
     */
    @Override
    public void close() {
        if (Thread.currentThread() != owner) {
            throw new IllegalStateException("a grad mode closes on the thread that set it; use try-with-resources");
        }
        if (closed) {
            return;
        }
        closed = true;
        Abi.gradModeSetEnabled(before);
    }
}
