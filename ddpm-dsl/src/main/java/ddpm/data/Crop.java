package ddpm.data;

/** The part of a picture that is used once its tighter side fits the model's. */
public enum Crop {
    /** The middle, always. */
    CENTRE,
    /** Where the {@link View} says; without one, the middle. The set then holds its pictures uncropped. */
    RANDOM
}
