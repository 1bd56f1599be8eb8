package ddpm.torch;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;

/**
 * Threads that each carry one slice of a batch through whole steps.
 *
 * <p>Two threads inside one small operator gain little over one; two cores that each run all operators on half of the
 * images gain nearly twice. Scopes, grad mode and the thread count of operators are each worker's own.
 */
public final class Workers implements AutoCloseable {
    /** Whose slice this thread is working on, if any. */
    private static final ScopedValue<Workers> WORKING_FOR = ScopedValue.newInstance();

    private final ExecutorService pool;
    private final int count;
    private final int threadsEach;

    /**
     * @param count how many slices run side by side, at least 1
     * @param threadsEach threads that one operator of a slice may use, at least 1
     */
    public Workers(int count, int threadsEach) {
        if (count < 1 || threadsEach < 1) {
            throw new IllegalArgumentException(count + " workers of " + threadsEach + " threads each: at least 1");
        }
        LibTorch.load(); // here rather than in a race of the workers
        this.count = count;
        this.threadsEach = threadsEach;
        this.pool = Executors.newFixedThreadPool(
                count, Thread.ofPlatform().daemon().name("ddpm-worker-", 0).factory());
    }

    /**
     * Workers for a batch: on a CPU one per thread, at most one per item, with the threads that are left shared between
     * them; another device takes the batch whole.
     *
     * @param threads in all, at least 1
     * @param items of the batch, at least 1
     */
    public static Workers forBatch(Device device, int threads, int items) {
        int slices = device.kind() == Device.Kind.CPU ? Math.min(threads, items) : 1;
        return new Workers(slices, Math.max(1, threads / slices));
    }

    public int count() {
        return count;
    }

    /** Work on items {@code from..to-1} of a batch. */
    @FunctionalInterface
    public interface Slice<T> {
        T work(int slice, int from, int to);
    }

    /** Where part {@code part} of {@code parts} of a batch begins; part {@code parts} begins at its end. */
    public static int edge(int items, int part, int parts) {
        return (int) ((long) items * part / parts);
    }

    /** {@link #run(IntFunction)} with the batch cut evenly between the slices. */
    public <T> List<T> run(int items, Slice<T> slice) {
        return run(i -> slice.work(i, edge(items, i, count), edge(items, i + 1, count)));
    }

    /**
     * Runs {@code work} for slices {@code 0..count-1} and returns their results in that order. When one fails or the
     * caller is interrupted, the others are interrupted and waited for.
     *
     * @throws CancellationException if the calling thread was interrupted
     * @throws IllegalStateException inside a slice of these same workers, which would wait for itself
     */
    public <T> List<T> run(IntFunction<T> work) {
        Objects.requireNonNull(work, "work");
        notFromInside("run slices");
        if (threadsEach > 1) {
            CpuTuning.releaseThreads();
        }
        var round = new Round();
        var done = new ExecutorCompletionService<T>(pool);
        var futures = new ArrayList<Future<T>>();
        for (int i = 0; i < count; i++) {
            int slice = i;
            futures.add(done.submit(() -> {
                round.enter();
                try {
                    LibTorch.load().setThreads(threadsEach);
                    return ScopedValue.where(WORKING_FOR, this).call(() -> work.apply(slice));
                } finally {
                    round.leave();
                }
            }));
        }
        try {
            for (int i = 0; i < count; i++) {
                done.take().get();
            }
            return futures.stream().map(Future::resultNow).toList();
        } catch (InterruptedException e) {
            round.stop();
            await(futures);
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        } catch (ExecutionException e) {
            round.stop();
            await(futures);
            throw switch (e.getCause()) {
                case RuntimeException runtime -> runtime;
                case Error error -> throw error;
                default -> new IllegalStateException(e.getCause());
            };
        }
    }

    /** Slices may share tensors that their caller is about to free, so nobody leaves before all have ended. */
    private static void await(List<? extends Future<?>> futures) {
        boolean interrupted = false;
        for (var future : futures) {
            while (!future.isDone()) {
                try {
                    future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    break;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Who works in one call of {@link #run}. Interrupts reach a thread only while it works for that call. */
    private static final class Round {
        private final Set<Thread> working = new HashSet<>();
        private boolean stopped;

        synchronized void enter() {
            if (stopped) {
                throw new CancellationException("another slice failed");
            }
            working.add(Thread.currentThread());
        }

        synchronized void leave() {
            working.remove(Thread.currentThread());
            Thread.interrupted(); // the pool's thread starts its next slice with a clean slate
        }

        synchronized void stop() {
            stopped = true;
            working.forEach(Thread::interrupt);
        }
    }

    private void notFromInside(String what) {
        if (WORKING_FOR.isBound() && WORKING_FOR.get() == this) {
            throw new IllegalStateException("a slice cannot " + what
                    + " of the workers it runs on: it would wait for itself; give it Workers of its own");
        }
    }

    /**
     * Waits for running slices to end.
     *
     * @throws IllegalStateException inside a slice of these workers
     */
    @Override
    public void close() {
        notFromInside("close the pool");
        pool.close();
    }
}
