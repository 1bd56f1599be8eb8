package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@Timeout(60)
class WorkersTest {
    @Test
    void resultsComeInTheOrderOfTheSlices() {
        try (var workers = new Workers(3, 1)) {
            for (int round = 0; round < 20; round++) {
                assertEquals(List.of(0, 10, 20), workers.run(slice -> slice * 10));
            }
        }
    }

    @Test
    void slicesComputeOnTensorsOfTheCaller() {
        try (var workers = new Workers(2, 1);
                var _ = TensorScope.open()) {
            var shared = Tensor.of(new float[] {1, 2, 3, 4}, Shape.of(4));
            var sums = workers.run(slice -> {
                try (var _ = TensorScope.open()) {
                    return Ops.sum(shared.narrow(0, 2L * slice, 2)).item();
                }
            });
            assertEquals(List.of(3.0, 7.0), sums);
        }
    }

    @Test
    void theFailureOfOneSliceIsThrownAfterTheOthersHaveEnded() {
        var interrupted = new AtomicBoolean();
        var running = new CountDownLatch(1);
        var ended = new AtomicBoolean();
        try (var workers = new Workers(2, 1)) {
            var e = assertThrows(
                    IllegalArgumentException.class,
                    () -> workers.run(slice -> {
                        if (slice == 0) {
                            await(running);
                            throw new IllegalArgumentException("slice 0 is bad");
                        }
                        running.countDown();
                        try {
                            Thread.sleep(30_000);
                        } catch (InterruptedException expected) {
                            interrupted.set(true);
                        }
                        pause();
                        ended.set(true);
                        return slice;
                    }));
            assertEquals("slice 0 is bad", e.getMessage());
            assertTrue(interrupted.get() && ended.get());
            assertEquals(List.of(0, 1), workers.run(slice -> slice), "the pool works on after a failure");
        }
    }

    @Test
    void interruptingTheCallerInterruptsAndAwaitsAllSlices() throws Exception {
        var running = new CountDownLatch(2);
        var ended = new AtomicInteger();
        var stayedInterrupted = new AtomicBoolean();
        try (var workers = new Workers(2, 1)) {
            var caller = Thread.ofPlatform().start(() -> {
                try {
                    workers.run(slice -> {
                        running.countDown();
                        try {
                            Thread.sleep(30_000);
                        } catch (InterruptedException expected) {
                            pause();
                        }
                        return ended.incrementAndGet();
                    });
                } catch (CancellationException expected) {
                    stayedInterrupted.set(Thread.currentThread().isInterrupted() && ended.get() == 2);
                }
            });
            running.await();
            caller.interrupt();
            caller.join();
        }
        assertTrue(stayedInterrupted.get(), ended + " slices had ended when run() came back");
    }

    @Test
    @SuppressWarnings("try") // closes by hand what also closes by itself
    void aSliceThatAsksItsOwnWorkersIsRefusedRatherThanStuck() {
        try (var workers = new Workers(1, 1)) {
            var e = assertThrows(IllegalStateException.class, () -> workers.run(_ -> workers.run(slice -> slice)));
            assertTrue(e.getMessage().contains("wait for itself"), e.getMessage());
            assertThrows(
                    IllegalStateException.class,
                    () -> workers.run(_ -> {
                        workers.close();
                        return 0;
                    }));
            assertEquals(List.of(List.of(0, 1)), workers.run(_ -> {
                try (var inner = new Workers(2, 1)) {
                    return inner.run(slice -> slice);
                }
            }));
        }
    }

    @Test
    void scopesAndGradModesOfSlicesAreTheirOwn() {
        long before = TensorScope.liveTensors();
        try (var workers = new Workers(2, 1);
                var _ = GradMode.off()) {
            var modes = workers.run(_ -> {
                try (var _ = TensorScope.open()) {
                    Tensor.scalar(1);
                    return GradMode.isOn();
                }
            });
            assertEquals(List.of(true, true), modes);
            assertThrows(IllegalStateException.class, () -> workers.run(_ -> Tensor.scalar(1)));
        }
        assertEquals(before, TensorScope.liveTensors());
    }

    @Test
    void countsBelowOneNoWorkAndClosedPoolsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Workers(0, 1));
        assertThrows(IllegalArgumentException.class, () -> new Workers(1, 0));
        var workers = new Workers(1, 1);
        assertThrows(NullPointerException.class, () -> workers.run(null));
        workers.close();
        workers.close();
        assertThrows(RejectedExecutionException.class, () -> workers.run(slice -> slice));
        assertFalse(Thread.currentThread().isInterrupted());
    }

    /** Beside more of its threads than processors OpenMP puts each to sleep after every operator. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void theCallersOpenMpThreadsEndBeforeAWorkerHasSeveral() throws Exception {
        assumeTrue(CppSymbols.canSetNumThreads(), "this libtorch keeps its number of threads");
        var seen = new CompletableFuture<List<Long>>();
        var caller = Thread.ofPlatform().name("its-operators").start(() -> {
            try (var _ = TensorScope.open();
                    var workers = new Workers(1, 2)) {
                LibTorch.load().setThreads(2); // which starts a thread of another pool
                long before = threadsOf("its-operators");
                Ops.silu(Tensor.zeros(Shape.of(1 << 20), DType.FLOAT32, Device.CPU));
                long during = threadsOf("its-operators");
                workers.run(_ -> 0);
                long after = threadsOf("its-operators");
                for (int i = 0; i < 100 && after > before; i++) { // the kernel may need a moment to end one
                    pause();
                    after = threadsOf("its-operators");
                }
                seen.complete(List.of(during - before, after - before));
            } catch (Throwable e) {
                seen.completeExceptionally(e);
            }
        });
        caller.join();
        assertEquals(List.of(1L, 0L), seen.get());
    }

    /** OpenMP's threads have the name of the thread that they work for. */
    private static long threadsOf(String name) {
        try (var tasks = Files.list(Path.of("/proc/self/task"))) {
            return tasks.filter(task -> {
                        try {
                            return Files.readString(task.resolve("comm"))
                                    .strip()
                                    .equals(name);
                        } catch (IOException e) {
                            return false; // it has just ended
                        }
                    })
                    .count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Long enough that a caller who did not wait would be seen to be early. */
    private static void pause() {
        try {
            Thread.sleep(50);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
