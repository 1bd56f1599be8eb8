package ddpm.torch;

import java.util.function.Consumer;

/**
 * Looks after every operator that its thread runs, until closed: what the capture of a graph uses to name the one that
 * broke it.
 */
public final class OpWatch implements AutoCloseable {
    private static final ThreadLocal<OpWatch> ON_THIS_THREAD = new ThreadLocal<>();

    /** How many are open in the process, so that operators look no further while none is. */
    private static volatile int open;

    private final Consumer<String> afterEach;
    private final OpWatch outer;

    private OpWatch(Consumer<String> afterEach, OpWatch outer) {
        this.afterEach = afterEach;
        this.outer = outer;
    }

    /** @param afterEach is told the operator's name; what it throws comes out of the operator's call */
    public static OpWatch start(Consumer<String> afterEach) {
        var watch = new OpWatch(afterEach, ON_THIS_THREAD.get());
        ON_THIS_THREAD.set(watch);
        count(1);
        return watch;
    }

    private static synchronized void count(int change) {
        open += change;
    }

    static void ran(Object operator) {
        if (open > 0) {
            var watch = ON_THIS_THREAD.get();
            if (watch != null) {
                watch.afterEach.accept(operator.toString());
            }
        }
    }

    /**
     * Stops looking.
     *
     * @throws IllegalStateException unless it is the innermost open one of this thread
     */
    @Override
    public void close() {
        if (ON_THIS_THREAD.get() != this) {
            throw new IllegalStateException("a watch closes on the thread that started it, innermost first");
        }
        if (outer == null) {
            ON_THIS_THREAD.remove();
        } else {
            ON_THIS_THREAD.set(outer);
        }
        count(-1);
    }
}
