package ddpm.data;

/** Which part of a picture is used once its tighter side fits the model's. */
public enum Crop {
    /** The middle, always. */
    CENTRE,
    /** Where the {@link View} says; without one, the middle. The set then holds its pictures uncropped. */
    RANDOM
}
