package ddpm.train;

/**
 * The figures of one training step.
 *
 * @param step which, counted from 0
 * @param loss the batch's mean weighted squared error before the update
 * @param gradientNorm the norm of the whole gradient before clipping
 * @param learningRate of this step
 * @param communication seconds of this step in which nothing was computed here, for the other ranks' gradients had to come
 */
public record StepReport(long step, double loss, double gradientNorm, double learningRate, double communication) {}
