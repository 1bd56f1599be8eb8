package ddpm.torch;

/** Decompositions of matrices, those of PyTorch's {@code torch.linalg} with the same names. Not differentiated here. */
public final class Linalg {
    private static final Op CHOLESKY_EX = new Op("aten::linalg_cholesky_ex");
    private static final Op SVDVALS = new Op("aten::linalg_svdvals");
    private static final Op EIGH = new Op("aten::linalg_eigh");

    private Linalg() {}

    /** Eigenvalues and eigenvectors of a symmetric matrix. */
    public record Eigen(Tensor values, Tensor vectors) {}

    /**
     * The lower triangular L with {@code a = L L^T}, or null if {@code a} is not positive definite.
     *
     * @param a symmetric {@code [n, n]}, float32 or float64; its lower triangle is read
     */
    public static Tensor cholesky(Tensor a) {
        check("cholesky", a);
        var results = CHOLESKY_EX.call().tensor(a).bool(false).bool(false).several(2);
        return results[1].item() == 0 ? results[0] : null;
    }

    /**
     * The singular values of a matrix, falling.
     *
     * @param a {@code [n, n]}, float32 or float64, all finite
     * @return {@code [n]}
     */
    public static Tensor svdvals(Tensor a) {
        check("svdvals", a);
        return SVDVALS.call().tensor(a).none().one();
    }

    /**
     * The eigenvalues of a symmetric matrix, rising, and its orthonormal eigenvectors as columns.
     *
     * @param a symmetric {@code [n, n]}, float32 or float64, all finite; its lower triangle is read
     */
    public static Eigen eigh(Tensor a) {
        check("eigh", a);
        var results = EIGH.call().tensor(a).string("L").several(2);
        return new Eigen(results[0], results[1]);
    }

    private static void check(String op, Tensor a) {
        var shape = a.shape();
        boolean isReal = a.dtype() == DType.FLOAT32 || a.dtype() == DType.FLOAT64;
        if (shape.rank() != 2 || shape.size(0) != shape.size(1) || shape.size(0) == 0 || !isReal) {
            throw new IllegalArgumentException(
                    op + " of " + a.describe() + ": a square matrix [n, n] of float32 or float64 is needed");
        }
    }
}
