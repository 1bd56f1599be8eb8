package ddpm.train;

/** A factor of each image's loss by its timestep, beside what the objective itself weighs; always 1 leaves that as it is. */
@FunctionalInterface
public interface LossWeight {
    LossWeight SIMPLE = _ -> 1;

    /** @param t timestep, 0..T-1 */
    double at(int t);
}
