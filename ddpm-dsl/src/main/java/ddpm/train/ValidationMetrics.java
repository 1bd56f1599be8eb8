package ddpm.train;

import ddpm.eval.EpsilonMse;
import java.util.List;

/**
 * One measurement of the averaged weights on images they do not learn from.
 *
 * @param step steps made
 * @param mse see {@link EpsilonMse}
 * @param standardError of {@code mse}
 * @param quartiles {@code mse} by quarter of the chain, the least noisy first
 * @param images measured
 */
public record ValidationMetrics(long step, double mse, double standardError, List<Double> quartiles, int images) {
    public ValidationMetrics {
        quartiles = List.copyOf(quartiles);
    }

    static ValidationMetrics of(long step, EpsilonMse result) {
        return new ValidationMetrics(
                step,
                result.mse(),
                result.standardError(),
                result.quartiles().stream().map(EpsilonMse.Quartile::mse).toList(),
                result.images());
    }
}
