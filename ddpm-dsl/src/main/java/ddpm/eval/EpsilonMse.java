package ddpm.eval;

import java.util.List;

/**
 * How far a model's predictions are from the noise: the mean of (epsilon - prediction)^2 over images, channels and
 * pixels, L_simple of Ho et al. 2020 (eq. 14) on a set that was measured. Predicting zero gives 1.
 *
 * @param images how many were measured, each once
 * @param mse mean over all images
 * @param standardError of {@code mse}, from the spread of images within each quartile (of all images where a quartile has a
 *     single one); NaN for a single image
 * @param quartiles the same by timestep, from the least noisy quarter of the chain to the noisiest
 */
public record EpsilonMse(int images, double mse, double standardError, List<Quartile> quartiles) {
    /**
     * One quarter of the timesteps.
     *
     * @param fromT first timestep
     * @param toT last timestep
     * @param images how many images were noised to these timesteps
     * @param mse their mean; NaN where there are none
     * @param standardError of {@code mse}; NaN below two images
     */
    public record Quartile(int fromT, int toT, int images, double mse, double standardError) {}

    public EpsilonMse {
        quartiles = List.copyOf(quartiles);
    }
}
