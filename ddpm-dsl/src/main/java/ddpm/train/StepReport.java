package ddpm.train;

/**
 * The figures of one training step.
 *
 * @param step which, counted from 0
 * @param loss the batch's mean weighted squared error before the update
 * @param gradientNorm the norm of the whole gradient before clipping
 * @param learningRate of this step
 */
public record StepReport(long step, double loss, double gradientNorm, double learningRate) {}
