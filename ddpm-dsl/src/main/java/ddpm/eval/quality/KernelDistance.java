package ddpm.eval.quality;

import ddpm.diffusion.Noise;
import ddpm.torch.DType;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.Arrays;

/**
 * The kernel Inception distance (Binkowski et al. 2018): the unbiased squared maximum mean discrepancy under the kernel {@code
 * (x y / D + 1)^3}, averaged over random subsets.
 *
 * @param mean over the subsets
 * @param standardError of that mean
 */
public record KernelDistance(double mean, double standardError) {
    /**
     * Computes the distance.
     *
     * @param a {@code [N, D]}
     * @param b {@code [M, D]}
     * @param subsets 100 in the field
     * @param size images of a subset, 1000 in the field; at least 2 and at most N and M
     * @param seed of the subsets
     */
    public static KernelDistance between(Tensor a, Tensor b, int subsets, int size, long seed) {
        if (a.shape().rank() != 2
                || b.shape().rank() != 2
                || a.shape().size(1) != b.shape().size(1)) {
            throw new IllegalArgumentException(
                    "features of shapes " + a.shape() + " and " + b.shape() + "; [N, D] each");
        }
        if (subsets < 1
                || size < 2
                || size > a.shape().size(0)
                || size > b.shape().size(0)) {
            throw new IllegalArgumentException(subsets + " subsets (at least 1) of " + size + " images: 2 to "
                    + Math.min(a.shape().size(0), b.shape().size(0)) + ", the smaller set");
        }
        var noise = Noise.seed(seed);
        var values = new double[subsets];
        for (int i = 0; i < subsets; i++) {
            try (var _ = TensorScope.open()) {
                values[i] = squared(subset(a, noise, 2 * i, size), subset(b, noise, 2 * i + 1, size));
            }
        }
        double mean = Arrays.stream(values).average().orElseThrow();
        double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
        return new KernelDistance(mean, subsets == 1 ? 0 : Math.sqrt(squares / (subsets - 1) / subsets));
    }

    private static Tensor subset(Tensor features, Noise noise, int draw, int size) {
        int n = (int) features.shape().size(0);
        var chosen = Arrays.stream(noise.permutation(draw, n))
                .limit(size)
                .asLongStream()
                .toArray();
        return Ops.indexSelect(features, 0, Tensor.of(chosen, Shape.of(size))).to(DType.FLOAT64);
    }

    /** The unbiased estimate from two sets of equal size n: diagonals, which are an image with itself, are left out. */
    static double squared(Tensor x, Tensor y) {
        long n = x.shape().size(0);
        double within = (sum(kernel(x, x)) - diagonal(x)) / (n * (n - 1.0));
        double withinY = (sum(kernel(y, y)) - diagonal(y)) / (n * (n - 1.0));
        return within + withinY - 2 * sum(kernel(x, y)) / ((double) n * n);
    }

    private static Tensor kernel(Tensor x, Tensor y) {
        var base = Ops.matmul(x, y.transpose(0, 1)).mul(1.0 / x.shape().size(1)).add(1);
        return base.mul(base).mul(base);
    }

    private static double diagonal(Tensor x) {
        var base = Ops.sum(x.mul(x), 1).mul(1.0 / x.shape().size(1)).add(1);
        return sum(base.mul(base).mul(base));
    }

    private static double sum(Tensor x) {
        return Ops.sum(x).item();
    }
}
