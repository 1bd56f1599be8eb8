package ddpm.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Takes a run's news, from the thread that trains. */
public interface RunObserver {
    /** An observer that ignores everything. */
    RunObserver SILENT = new RunObserver() {};

    /**
     * @param made steps made, the reported one included
     * @param of steps of the whole run
     */
    default void step(StepReport report, long made, long of) {}

    /**
     * Whether the run is to stop after this step, for example because a validation no longer improves. It is then saved, and
     * can be resumed.
     */
    default boolean stops(StepReport report) {
        return false;
    }

    /**
     * Figures of your own, which are written to {@code metrics.jsonl} and TensorBoard with each line of metrics.
     *
     * @param made steps made
     */
    default Map<String, Double> metrics(long made) {
        return Map.of();
    }

    default void logged(StepMetrics metrics) {}

    default void validated(ValidationMetrics metrics) {}

    /**
     * @param step steps made
     * @param features by which samples were measured, such as {@code digits}
     * @param fid their Frechet distance from real images
     */
    default void measured(long step, String features, double fid) {}

    default void sampled(Path grid) {}

    /**
     * Before each checkpoint of several ranks: the share of the steps' time since the one before, 0 to 1, in which each rank
     * had nothing to compute, for what others send had to come.
     *
     * @param shares by rank; empty for a run by itself
     */
    default void communicated(List<Double> shares) {}

    default void saved(Checkpoint checkpoint) {}

    /** Something a person should read: one line, complete in itself. */
    default void note(String line) {}
}
