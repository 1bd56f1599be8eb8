package ddpm.sampling;

import java.util.concurrent.CancellationException;

/** Steps done by all slices together, and whether they should stop. */
final class StepCount {
    private final long of;
    private final Sampler.Progress progress;
    private long done;

    StepCount(long of, Sampler.Progress progress) {
        this.of = of;
        this.progress = progress;
    }

    synchronized void add(int steps) {
        done += steps;
        progress.steps(done, of);
    }

    void note(String line) {
        progress.note(line);
    }

    void checkCancelled() {
        if (Thread.currentThread().isInterrupted()) {
            throw new CancellationException("sampling was interrupted after " + done + " of " + of + " steps");
        }
    }
}
