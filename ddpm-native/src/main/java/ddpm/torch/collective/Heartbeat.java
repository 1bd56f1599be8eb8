package ddpm.torch.collective;

import ddpm.torch.TorchException;
import ddpm.torch.cpp.GlooProcessGroup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;

/**
 * Counts in the store, twice a second, that this process runs. After a failure a process whose count stands still is lost,
 * whatever the connections say, for those that break after it look broken too.
 */
final class Heartbeat {
    private static final long BEAT_MILLIS = 500;

    /** Without a beat for so long a process is lost. */
    private static final long LOST_MILLIS = 2000;

    /** How long the store may take in all to tell; c10d itself waits for ever when the store's host is cut off or stopped. */
    private static final long LOOK_MILLIS = LOST_MILLIS + 3000;

    private final GlooProcessGroup processes;
    private final int rank;
    private final int size;
    private final Thread thread;
    private boolean looked;
    private volatile boolean stuck;

    Heartbeat(GlooProcessGroup processes, int rank, int size) {
        this.processes = processes;
        this.rank = rank;
        this.size = size;
        this.thread = Thread.ofPlatform().name("ddpm-heartbeat").daemon().start(this::beat);
    }

    private void beat() {
        try {
            while (true) {
                processes.add("beat/" + rank, 1);
                Thread.sleep(BEAT_MILLIS);
            }
        } catch (InterruptedException | TorchException closedOrStoreLost) {
            // the next operation finds out
        }
    }

    /** The ranks whose hearts stand still. Rank 0 holds the store: where that does not answer, it is rank 0 that is lost. */
    List<Integer> lost() {
        looked = true;
        var look = new FutureTask<>(this::look);
        Thread.ofPlatform().name("ddpm-look").daemon().start(look);
        try {
            return look.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        } catch (TimeoutException silent) {
            stuck = true;
            return List.of(0);
        } catch (ExecutionException storeLost) {
            return List.of(0);
        }
    }

    private List<Integer> look() throws InterruptedException {
        var before = counts();
        Thread.sleep(LOST_MILLIS);
        var after = counts();
        var lost = new ArrayList<Integer>();
        for (int other = 0; other < size; other++) {
            if (other != rank && after[other] == before[other]) {
                lost.add(other);
            }
        }
        processes.add("looked", 1);
        return lost;
    }

    private long[] counts() {
        return IntStream.range(0, size)
                .mapToLong(other -> processes.add("beat/" + other, 0))
                .toArray();
    }

    /**
     * Stops the heart; the holder of the store stays a little for others who look who is lost.
     *
     * @return whether the store can be closed: not while a call waits in it for an answer that does not come
     */
    boolean stop() {
        try {
            long until = System.nanoTime() + LOST_MILLIS * 1_000_000L;
            while (looked && rank == 0 && System.nanoTime() < until && processes.add("looked", 0) < size - 1) {
                Thread.sleep(BEAT_MILLIS / 10);
            }
            thread.interrupt();
            return !stuck && thread.join(Duration.ofMillis(LOOK_MILLIS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (TorchException storeLost) {
            thread.interrupt();
            return true;
        }
    }
}
