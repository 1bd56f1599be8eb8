package ddpm.train;

/** A factor of each image's squared error by its timestep; always 1 gives the paper's L_simple (eq. 14). */
@FunctionalInterface
public interface LossWeight {
    LossWeight SIMPLE = _ -> 1;

    /** @param t timestep, 0..T-1 */
    double at(int t);
}
