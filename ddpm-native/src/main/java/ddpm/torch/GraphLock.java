package ddpm.torch;

import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The lock between operators that read autograd's graph, as each does while {@link GradMode} is on, and the few that change
 * it under others' hands: those in place on tensors that require a gradient, and the exchange of a gradient's memory.
 * libtorch leaves it to its callers to keep these apart, and two threads that do not can end the process.
 */
final class GraphLock {
    private static final ReadWriteLock LOCK = new ReentrantReadWriteLock();

    private GraphLock() {}

    /** Enters among other readers; null, which {@link #leave} takes, where nothing is recorded. */
    static Lock read() {
        return Abi.gradModeIsEnabled() ? entered(LOCK.readLock()) : null;
    }

    /** Enters among other readers also where this thread records nothing. */
    static Lock readAlways() {
        return entered(LOCK.readLock());
    }

    /** Enters alone. */
    static Lock change() {
        return entered(LOCK.writeLock());
    }

    private static Lock entered(Lock lock) {
        lock.lock();
        return lock;
    }

    static void leave(Lock lock) {
        if (lock != null) {
            lock.unlock();
        }
    }
}
