package ddpm.train;

import java.nio.file.Path;

/** Takes a run's news, from the thread that trains. */
public interface RunObserver {
    /** An observer that ignores everything. */
    RunObserver SILENT = new RunObserver() {};

    /**
     * @param made steps made, the reported one included
     * @param of steps of the whole run
     */
    default void step(StepReport report, long made, long of) {}

    default void logged(StepMetrics metrics) {}

    default void validated(ValidationMetrics metrics) {}

    default void sampled(Path grid) {}

    default void saved(Checkpoint checkpoint) {}

    /** Something a person should read: one line, complete in itself. */
    default void note(String line) {}
}
