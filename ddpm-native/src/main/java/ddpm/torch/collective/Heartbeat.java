package ddpm.torch.collective;

import ddpm.torch.TorchException;
import ddpm.torch.cpp.GlooProcessGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Counts in the store, twice a second, that this process runs. After a failure a process whose count stands still is lost,
 * whatever the connections say, for those that break after it look broken too.
 */
final class Heartbeat implements AutoCloseable {
    private static final long BEAT_MILLIS = 500;

    /** Without a beat for so long a process is lost. */
    private static final long LOST_MILLIS = 2000;

    private final GlooProcessGroup processes;
    private final int rank;
    private final int size;
    private final Thread thread;
    private boolean looked;

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

    /** The ranks whose hearts stand still. Rank 0 holds the store: without it, it is rank 0 that is lost. */
    List<Integer> lost() {
        try {
            looked = true;
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
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        } catch (TorchException storeLost) {
            return List.of(0);
        }
    }

    private long[] counts() {
        return IntStream.range(0, size)
                .mapToLong(other -> processes.add("beat/" + other, 0))
                .toArray();
    }

    /** Stops the heart; the holder of the store stays a little for others who look who is lost. */
    @Override
    public void close() {
        try {
            long until = System.nanoTime() + LOST_MILLIS * 1_000_000L;
            while (looked && rank == 0 && System.nanoTime() < until && processes.add("looked", 0) < size - 1) {
                Thread.sleep(BEAT_MILLIS / 10);
            }
            thread.interrupt();
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (TorchException storeLost) {
            thread.interrupt();
        }
    }
}
