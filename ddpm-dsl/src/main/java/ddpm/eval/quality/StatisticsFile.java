package ddpm.eval.quality;

import ddpm.io.FileFormatException;
import ddpm.io.NpzFile;
import ddpm.io.StoredTensor;
import ddpm.torch.DType;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Statistics of features as pytorch-fid and guided-diffusion keep them: {@code mu [D]} and {@code sigma [D, D]} in an .npz file. */
public final class StatisticsFile {
    /** The number of images that is not in such files; only the unbiased covariance depends on it, which is stored. */
    private static final long UNKNOWN_COUNT = 50_000;

    private StatisticsFile() {}

    /**
     * Reads statistics.
     *
     * @throws FileFormatException if the arrays are missing, of other shapes, not symmetric or not finite
     */
    public static FeatureStatistics read(Path file) throws IOException {
        var arrays = NpzFile.read(file);
        var mu = arrays.get("mu");
        var sigma = arrays.get("sigma");
        if (mu == null
                || sigma == null
                || mu.shape().rank() != 1
                || sigma.shape().rank() != 2
                || !mu.dtype().isFloating()
                || !sigma.dtype().isFloating()
                || mu.shape().numel() == 0
                || sigma.shape().size(0) != mu.shape().size(0)
                || sigma.shape().size(1) != mu.shape().size(0)) {
            throw new FileFormatException(
                    file,
                    "has no statistics: arrays mu [D] and sigma [D, D] of floating numbers are needed, and it has "
                            + arrays.keySet());
        }
        try (var _ = TensorScope.open()) {
            return FeatureStatistics.of(doubles(mu), doubles(sigma), UNKNOWN_COUNT);
        } catch (IllegalArgumentException e) {
            throw new FileFormatException(file, "has statistics that cannot be used: " + e.getMessage(), e);
        }
    }

    private static double[] doubles(StoredTensor stored) {
        return Tensor.of(stored.data(), stored.dtype(), stored.shape())
                .to(DType.FLOAT64)
                .toDoubles();
    }

    /** Writes statistics as {@code mu} and {@code sigma} in float64, whole or not at all. */
    public static void write(Path file, FeatureStatistics statistics) throws IOException {
        try (var _ = TensorScope.open()) {
            var mu = statistics.mean();
            var sigma = statistics.covariance();
            NpzFile.write(
                    file,
                    Map.of(
                            "mu", new StoredTensor(DType.FLOAT64, mu.shape(), mu.toBytes()),
                            "sigma", new StoredTensor(DType.FLOAT64, sigma.shape(), sigma.toBytes())));
        }
    }
}
