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
 * <p>No square root of a matrix that is not symmetric is needed: with S1 = L L^T the last trace is the sum of the square roots
 * of the eigenvalues of the symmetric matrix L^T S2 L. Where S1 is singular, as of fewer images than dimensions, L is its
 * symmetric root.
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
            var root = root(s1);
            var product = Ops.matmul(root.transpose(0, 1), Ops.matmul(s2, root));
            double mixed = 0;
            for (double eigenvalue : Linalg.eigvalsh(
                            product.add(product.transpose(0, 1)).mul(0.5))
                    .toDoubles()) {
                mixed += Math.sqrt(Math.max(0, eigenvalue)); // below 0 by rounding alone
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
