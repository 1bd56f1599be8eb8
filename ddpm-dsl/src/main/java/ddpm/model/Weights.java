package ddpm.model;

/** Which weights to take from a checkpoint that holds two sets: trainers keep an average beside what they train. */
public enum Weights {
    /** Their exponential moving average, which draws the better images. Of a file with one set, that set. */
    EMA,
    /** The weights as the last training step left them, e.g. where the average is still young. */
    RAW
}
