package ddpm.eval.quality;

import ddpm.torch.DType;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;

/** Euclidean distances between features. */
final class Distances {
    private Distances() {}

    /**
     * Squared distances {@code |x|^2 - 2 x y + |y|^2} in float64, which rounding may leave a little below 0.
     *
     * @param x {@code [N, D]}
     * @param y {@code [M, D]}
     * @return {@code [N, M]} row-major
     */
    static double[] squared(Tensor x, Tensor y) {
        try (var _ = TensorScope.open()) {
            var a = x.to(DType.FLOAT64);
            return squared(a, squares(a), y);
        }
    }

    /** Squared distances from float64 points whose {@link #squares} are known. */
    static double[] squared(Tensor x, Tensor squaresOfX, Tensor y) {
        try (var _ = TensorScope.open()) {
            var b = y.to(DType.FLOAT64);
            var sums = squaresOfX.view(-1, 1).add(squares(b).view(1, -1));
            return sums.sub(Ops.matmul(x, b.transpose(0, 1)).mul(2)).toDoubles();
        }
    }

    /** {@code |x|^2}, {@code [N]}. */
    static Tensor squares(Tensor x) {
        return Ops.sum(x.mul(x), 1);
    }
}
