package ddpm.cli;

import ddpm.model.Weights;

/** {@code --weights}: ema or raw. */
final class WeightsName extends EnumName<Weights> {
    /** What the options say of themselves. */
    static final String DESCRIPTION =
            "Of a checkpoint with two sets of weights, the average (ema) or the last step's (raw) (default: ema).";

    WeightsName() {
        super(Weights.class);
    }
}
