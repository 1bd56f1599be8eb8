package ddpm.eval.quality;

import ddpm.torch.Tensor;
import java.util.stream.IntStream;

/**
 * Improved precision and recall (Kynkaanniemi et al. 2019): a set's manifold is the union of balls around its features, each as
 * large as the distance to the k-th nearest neighbour.
 *
 * @param precision the share of generated images that lie on the real images' manifold
 * @param recall the share of real images that lie on the generated images' manifold
 */
public record PrecisionRecall(double precision, double recall) {
    /** Neighbours in the paper. */
    public static final int NEIGHBOURS = 3;

    private static final int ROWS = 1000;

    /**
     * Computes both shares.
     *
     * @param generated {@code [N, D]}
     * @param real {@code [M, D]}
     * @param k neighbours, at least 1 and below N and M
     */
    public static PrecisionRecall of(Tensor generated, Tensor real, int k) {
        if (generated.shape().rank() != 2
                || real.shape().rank() != 2
                || generated.shape().size(1) != real.shape().size(1)) {
            throw new IllegalArgumentException(
                    "features of shapes " + generated.shape() + " and " + real.shape() + "; [N, D] each");
        }
        if (k < 1 || k >= generated.shape().size(0) || k >= real.shape().size(0)) {
            throw new IllegalArgumentException(
                    k + " neighbours among " + generated.shape().size(0) + " and "
                            + real.shape().size(0) + " images: at least 1, and fewer than each set");
        }
        return new PrecisionRecall(covered(generated, real, k), covered(real, generated, k));
    }

    /** The share of points that lie in the ball of any centre. */
    private static double covered(Tensor points, Tensor centres, int k) {
        int m = (int) centres.shape().size(0);
        int n = (int) points.shape().size(0);
        var radii = squaredRadii(centres, k);
        int inside = 0;
        for (int from = 0; from < n; from += ROWS) {
            int rows = Math.min(ROWS, n - from);
            var distances = Distances.squared(points.narrow(0, from, rows), centres);
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < m; j++) {
                    if (distances[i * m + j] <= radii[j]) {
                        inside++;
                        break;
                    }
                }
            }
        }
        return (double) inside / n;
    }

    /** The squared distances to the k-th nearest neighbours; the nearest of all is the centre itself. */
    private static double[] squaredRadii(Tensor centres, int k) {
        try (var search = new NearestNeighbours(centres, k + 1)) {
            search.addAll(centres);
            return IntStream.range(0, (int) centres.shape().size(0))
                    .mapToDouble(i -> search.square(i, k))
                    .toArray();
        }
    }
}
