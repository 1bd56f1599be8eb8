package ddpm.eval.quality;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;

/**
 * Mean and covariance of features, in float64 and constant memory however many there are. Statistics of parts merge into
 * those of the whole (Chan, Golub and LeVeque 1979), so any number of threads or machines may each measure a share.
 */
public final class FeatureStatistics implements AutoCloseable {
    private final int dimensions;
    private long count;
    private Tensor mean;
    private Tensor scatter;

    /** No features yet. */
    public FeatureStatistics(int dimensions) {
        this.dimensions = dimensions;
        try (var _ = TensorScope.open()) {
            mean = TensorScope.detach(Tensor.zeros(Shape.of(dimensions), DType.FLOAT64, Device.CPU));
            scatter = TensorScope.detach(Tensor.zeros(Shape.of(dimensions, dimensions), DType.FLOAT64, Device.CPU));
        }
    }

    /**
     * Statistics as another program computed them.
     *
     * @param mu {@code [D]}
     * @param sigma the covariance {@code [D, D]}, over N - 1, symmetric
     * @param count N, at least 2
     * @throws IllegalArgumentException if they do not suit each other, are not finite or not symmetric
     */
    public static FeatureStatistics of(double[] mu, double[] sigma, long count) {
        if (count < 2 || mu.length == 0 || sigma.length != (long) mu.length * mu.length) {
            throw new IllegalArgumentException("statistics of " + count + " features (at least 2) with a mean of "
                    + mu.length + " numbers and a covariance of " + sigma.length + ", which must be its square");
        }
        int d = mu.length;
        double largest = 0;
        for (double value : sigma) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < d; i++) {
            for (int j = 0; j <= i; j++) {
                double difference = Math.abs(sigma[i * d + j] - sigma[j * d + i]);
                if (!Double.isFinite(mu[i]) || !Double.isFinite(sigma[i * d + j]) || !(difference <= 1e-6 * largest)) {
                    throw new IllegalArgumentException("the covariance is not symmetric or not finite at [" + i + ", "
                            + j + "]: " + sigma[i * d + j] + " and " + sigma[j * d + i]);
                }
            }
        }
        var statistics = new FeatureStatistics(d);
        statistics.count = count;
        try (var _ = TensorScope.open()) {
            statistics.mean.copyFrom(Tensor.of(mu, Shape.of(d)));
            statistics.scatter.copyFrom(Tensor.of(sigma, Shape.of(d, d)).mul(count - 1.0));
        }
        return statistics;
    }

    /**
     * Adds a batch.
     *
     * @param features {@code [B, D]}, of any floating type
     * @throws IllegalArgumentException for another number of dimensions, or values that are not finite
     */
    public void add(Tensor features) {
        var shape = features.shape();
        if (shape.rank() != 2 || shape.size(1) != dimensions) {
            throw new IllegalArgumentException("features of shape " + shape + "; [B, " + dimensions + "] is needed");
        }
        if (shape.size(0) == 0) {
            return;
        }
        try (var _ = TensorScope.open()) {
            var x = features.on(Device.CPU).to(DType.FLOAT64);
            var batchMean = Ops.mean(x, 0);
            var centred = x.sub(batchMean);
            merge(shape.size(0), batchMean, Ops.matmul(centred.transpose(0, 1), centred));
        }
    }

    /** Adds the features that other statistics are of. */
    public void add(FeatureStatistics others) {
        if (others.dimensions != dimensions) {
            throw new IllegalArgumentException(
                    "statistics of " + others.dimensions + " dimensions beside " + dimensions);
        }
        if (others.count > 0) {
            try (var _ = TensorScope.open()) {
                merge(others.count, others.mean, others.scatter);
            }
        }
    }

    /** {@code scatter += scatter' + delta delta^T n n' / (n + n')}, delta being the difference of the means. */
    private void merge(long otherCount, Tensor otherMean, Tensor otherScatter) {
        double all = count + otherCount;
        var delta = otherMean.sub(mean);
        var outer = Ops.matmul(delta.view(dimensions, 1), delta.view(1, dimensions));
        scatter.copyFrom(scatter.add(otherScatter).add(outer.mul(count * (otherCount / all))));
        mean.copyFrom(mean.add(delta.mul(otherCount / all)));
        count += otherCount;
    }

    /** The number of features. */
    public long count() {
        return count;
    }

    /** The number of dimensions D of each feature. */
    public int dimensions() {
        return dimensions;
    }

    /** The mean, {@code [D]} float64, in the current scope. */
    public Tensor mean() {
        return mean.copy();
    }

    /**
     * The covariance over N - 1, {@code [D, D]} float64, in the current scope.
     *
     * @throws IllegalStateException for fewer than 2 features
     */
    public Tensor covariance() {
        if (count < 2) {
            throw new IllegalStateException("a covariance of " + count + " features; at least 2 are needed");
        }
        return scatter.mul(1.0 / (count - 1));
    }

    /** Frees the sums. */
    @Override
    public void close() {
        mean.close();
        scatter.close();
    }
}
