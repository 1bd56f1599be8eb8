package ddpm.train;

import ddpm.diffusion.Objective;
import java.util.Locale;
import java.util.Optional;

/** Notices, once, a run on L_simple that has learned nothing: its loss is still that of predicting zero, 1. */
final class StuckLoss {
    /** Any network that learns at all is far below by then: the tiny ones of the tests, UNetMini and the paper's. */
    private static final long PATIENCE = 500;

    private static final double STUCK = 0.95;

    private final long after;
    private boolean done;

    StuckLoss(TrainConfig config) {
        done = config.objective() != Objective.SIMPLE; // no other has that scale
        after = PATIENCE + config.learningRate().warmup() / 2;
    }

    /** A note after this line of metrics, at most once a run. */
    Optional<String> look(StepMetrics metrics) {
        if (done || metrics.step() < after || metrics.loss() < STUCK) {
            return Optional.empty();
        }
        done = true;
        return Optional.of(String.format(
                        Locale.ROOT,
                        "warning: after %d steps the loss is still %.3f; predicting no noise at all gives 1. Check the",
                        metrics.step(),
                        metrics.loss())
                + " learning rate (now " + metrics.learningRate()
                + ") and that the images are what they should be");
    }
}
