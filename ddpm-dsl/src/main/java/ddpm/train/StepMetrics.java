package ddpm.train;

/**
 * One line of a run's metrics: what the steps since the line before were like.
 *
 * @param step steps made
 * @param loss mean of the steps' losses
 * @param gradientNorm mean norm of the whole gradient before clipping
 * @param learningRate of the last step
 * @param imagesPerSecond while training, not counting checkpoints and samples
 * @param epoch how often the set has been gone through, with its fraction
 * @param seconds spent on training steps since step 0, over all resumptions
 */
public record StepMetrics(
        long step,
        double loss,
        double gradientNorm,
        double learningRate,
        double imagesPerSecond,
        double epoch,
        double seconds) {}
