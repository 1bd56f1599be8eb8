package ddpm.diffusion;

import ddpm.torch.LibTorch;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;

/** Runs slices of one batch side by side, each on a thread of its own. */
final class Slices {
    private Slices() {}

    /**
     * Results in the order of slices. When one fails or the caller is interrupted, the others are interrupted, waited
     * for, and the first failure is thrown.
     *
     * @param threadsEach threads that each slice's operators may use
     */
    static <T> List<T> run(int slices, int threadsEach, IntFunction<T> work) {
        LibTorch.load(); // here rather than in a race of the workers
        var pool = Executors.newFixedThreadPool(slices, Thread.ofPlatform().daemon().name("ddpm-slice-", 0).factory());
        try (pool) {
            var done = new ExecutorCompletionService<T>(pool);
            var futures = new ArrayList<Future<T>>();
            for (int i = 0; i < slices; i++) {
                int slice = i;
                futures.add(done.submit(() -> {
                    LibTorch.load().setThreads(threadsEach);
                    return work.apply(slice);
                }));
            }
            try {
                for (int i = 0; i < slices; i++) {
                    done.take().get();
                }
                var results = new ArrayList<T>();
                for (var future : futures) {
                    results.add(future.resultNow());
                }
                return results;
            } catch (InterruptedException e) {
                pool.shutdownNow();
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted");
            } catch (ExecutionException e) {
                pool.shutdownNow();
                throw switch (e.getCause()) {
                    case RuntimeException runtime -> runtime;
                    case Error error -> error;
                    default -> new IllegalStateException(e.getCause());
                };
            }
        }
    }
}
