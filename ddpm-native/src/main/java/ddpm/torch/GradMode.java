package ddpm.torch;

/**
 * Whether operations on this thread are recorded for backward passes.
 *
 * <pre>{@code try (var off = GradMode.off()) { sample(); } }</pre>
 */
public final class GradMode implements AutoCloseable {
    private final boolean before;

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
        try {
            return (boolean) Abi.GRAD_MODE_GET.invokeExact();
        } catch (Throwable e) {
            throw Abi.unexpected(e);
        }
    }

    private static GradMode set(boolean enabled) {
        boolean before = isOn();
        try {
            Abi.GRAD_MODE_SET.invokeExact(enabled);
        } catch (Throwable e) {
            throw Abi.unexpected(e);
        }
        return new GradMode(before);
    }

    @Override
    public void close() {
        try {
            Abi.GRAD_MODE_SET.invokeExact(before);
        } catch (Throwable e) {
            throw Abi.unexpected(e);
        }
    }
}
