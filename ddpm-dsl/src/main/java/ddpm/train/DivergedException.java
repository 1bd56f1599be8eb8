package ddpm.train;

/** Training stopped at a loss or gradient that is not a number; the weights are those of the step before. */
public final class DivergedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final long step;

    DivergedException(long step, double loss, double gradientNorm, String images) {
        super("training diverged at step " + step + ": loss " + loss + ", gradient norm " + gradientNorm
                + ". The weights are still those before that step. Images of the batch: " + images
                + ". Try a lower learning rate or float32, or look at these images");
        this.step = step;
    }

    public long step() {
        return step;
    }
}
