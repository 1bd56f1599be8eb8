package ddpm.eval.quality;

import ddpm.torch.Linalg;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;

/**
 * The Frechet distance of two normal distributions (Dowson and Landau 1982), on Inception features the FID of Heusel et al.
 * 2017:
 *
 * <pre>{@code |mu1 - mu2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2)}</pre>
 *
 * <p>With S1 = L1 L1^T and S2 = L2 L2^T the last trace is the sum of the singular values of L1^T L2. It is also that of the square
 * roots of the eigenvalues of L1^T S2 L1, but where features hardly vary the root makes 1e-8 of a rounding of 1e-16. L is Cholesky's
 * triangle or, of a singular covariance, as of fewer images than dimensions, the eigenvectors times their roots.
 */
public final class FrechetDistance {
    private FrechetDistance() {}

    /**
     * The distance, 0 or more up to rounding.
     *
     * @throws IllegalArgumentException for different numbers of dimensions
     */
    public static double between(FeatureStatistics a, FeatureStatistics b) {
        if (a.dimensions() != b.dimensions()) {
            throw new IllegalArgumentException("features of " + a.dimensions() + " dimensions and of " + b.dimensions()
                    + ": both sets must be measured by the same network at the same layer");
        }
        try (var _ = TensorScope.open()) {
            var difference = a.mean().sub(b.mean());
            var s1 = a.covariance();
            var s2 = b.covariance();
            double mixed = 0;
            for (double value : Linalg.svdvals(Ops.matmul(root(s1).transpose(0, 1), root(s2)))
                    .toDoubles()) {
                mixed += value;
            }
            return Ops.dot(difference, difference).item() + trace(s1) + trace(s2) - 2 * mixed;
        }
    }

    private static Tensor root(Tensor covariance) {
        var triangle = Linalg.cholesky(covariance);
        if (triangle != null) {
            return triangle;
        }
        var eigen = Linalg.eigh(covariance);
        var values = eigen.values().toDoubles();
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.sqrt(Math.max(0, values[i]));
        }
        return eigen.vectors().mul(Tensor.of(values, eigen.values().shape())); // columns times roots
    }

    private static double trace(Tensor square) {
        int n = (int) square.shape().size(0);
        var values = square.toDoubles();
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += values[i * n + i];
        }
        return sum;
    }
}
