package ddpm.eval.quality;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.testing.Golden;
import ddpm.testing.NpyFile;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The measures on given features, against torch-fidelity's and pytorch-fid's numbers. */
class MeasuresTest {
    private static Tensor features(String name) throws IOException {
        var npy = NpyFile.read(Golden.path("inception/features_" + name + ".npy"));
        return Tensor.of(npy.floats(), Shape.of(npy.shape()));
    }

    private static Map<String, Object> recorded() throws IOException {
        return JSON.std.mapFrom(Files.readString(Golden.path("inception/measures.json")));
    }

    private static double recorded(String name) throws IOException {
        return ((Number) recorded().get(name)).doubleValue();
    }

    private static FeatureStatistics statistics(String name, int batch) throws IOException {
        var statistics = new FeatureStatistics(64);
        try (var _ = TensorScope.open()) {
            var all = features(name);
            long n = all.shape().size(0);
            for (long from = 0; from < n; from += batch) {
                statistics.add(all.narrow(0, from, Math.min(batch, n - from)));
            }
        }
        return statistics;
    }

    /** `few` has fewer images than dimensions, so a singular covariance. */
    @ParameterizedTest
    @CsvSource({"a, b", "a, a", "few, b", "few, few"})
    void frechetDistancesAreTorchFidelitys(String first, String second) throws IOException {
        try (var a = statistics(first, 101);
                var b = statistics(second, 600)) {
            for (var project : new String[] {"fid_", "fid_pytorchfid_"}) {
                double expected = recorded(project + first + "_" + second);
                // Of equal sets it is a difference of equal traces; theirs is off by 2.4e-7 itself.
                assertEquals(expected, FrechetDistance.between(a, b), Math.max(1e-6 * expected, 1e-6));
                assertEquals(expected, FrechetDistance.between(b, a), Math.max(1e-6 * expected, 1e-6), "symmetric");
            }
        }
    }

    /** Roots of eigenvalues that are 0 but for rounding would add 1e-8 each to traces of 1. */
    @Test
    void featuresThatDoNotVaryCostNoAccuracy() throws IOException {
        try (var few = statistics("few", 40);
                var _ = TensorScope.open()) {
            double trace = 0;
            var covariance = few.covariance().toDoubles();
            for (int i = 0; i < 64; i++) {
                trace += covariance[65 * i];
            }
            assertEquals(0, FrechetDistance.between(few, few), 1e-12 * trace);
        }
    }

    @Test
    void statisticsDoNotDependOnBatchesAndMerge() throws IOException {
        try (var whole = statistics("a", 600);
                var parts = statistics("a", 7);
                var merged = new FeatureStatistics(64);
                var _ = TensorScope.open()) {
            var all = features("a");
            try (var left = new FeatureStatistics(64);
                    var right = new FeatureStatistics(64)) {
                left.add(all.narrow(0, 0, 13));
                right.add(all.narrow(0, 13, 587));
                merged.add(left);
                merged.add(right);
            }
            for (var other : new FeatureStatistics[] {parts, merged}) {
                assertEquals(600, other.count());
                assertArrayEquals(whole.mean().toDoubles(), other.mean().toDoubles(), 1e-14);
                assertArrayEquals(
                        whole.covariance().toDoubles(), other.covariance().toDoubles(), 1e-14);
            }
        }
    }

    @Test
    void statisticsOfElsewhereAreChecked() {
        assertThrows(IllegalArgumentException.class, () -> FeatureStatistics.of(new double[2], new double[3], 10));
        assertThrows(
                IllegalArgumentException.class,
                () -> FeatureStatistics.of(new double[2], new double[] {1, 2, 3, 4}, 10));
        assertThrows(
                IllegalArgumentException.class,
                () -> FeatureStatistics.of(new double[] {0, Double.NaN}, new double[] {1, 0, 0, 1}, 10));
        assertThrows(
                IllegalArgumentException.class,
                () -> FeatureStatistics.of(new double[2], new double[] {1, 0, 0, 1}, 1));
        try (var two = FeatureStatistics.of(new double[2], new double[] {1, 0, 0, 1}, 10);
                var three = new FeatureStatistics(3)) {
            var e = assertThrows(IllegalArgumentException.class, () -> FrechetDistance.between(two, three));
            assertTrue(e.getMessage().contains("same network at the same layer"), e.getMessage());
            assertThrows(IllegalStateException.class, three::covariance);
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "10"})
    void inceptionScoresAreTorchFidelitys(int parts) throws IOException {
        var expected = (Map<?, ?>) recorded().get("is_splits_" + parts);
        var npy = NpyFile.read(Golden.path("inception/logits.npy"));
        var score = InceptionScore.of(npy.floats(), 20, parts);
        double mean = ((Number) expected.get("inception_score_mean")).doubleValue();
        assertEquals(mean, score.mean(), 1e-6 * mean);
        assertEquals(((Number) expected.get("inception_score_std")).doubleValue(), score.deviation(), 1e-6);
        assertThrows(IllegalArgumentException.class, () -> InceptionScore.of(npy.floats(), 20, 1001));
    }

    @Test
    void theKernelDistanceIsTorchFidelitys() throws IOException {
        try (var _ = TensorScope.open()) {
            var a = features("a").narrow(0, 0, 500).to(DType.FLOAT64);
            var b = features("b").narrow(0, 0, 500).to(DType.FLOAT64);
            double expected = recorded("kid_a500_b500");
            assertEquals(expected, KernelDistance.squared(a, b), 1e-6 * expected);
            // A subset of everything is everything, in another order.
            var whole = KernelDistance.between(a, b, 2, 500, 7);
            assertEquals(expected, whole.mean(), 1e-6 * expected);
            var subsets = KernelDistance.between(features("a"), features("b"), 40, 200, 7);
            assertEquals(expected, subsets.mean(), 5 * subsets.standardError() + 0.01);
            assertTrue(subsets.standardError() > 0);
            assertThrows(IllegalArgumentException.class, () -> KernelDistance.between(a, b, 2, 501, 7));
        }
    }

    @Test
    void precisionAndRecallAreTorchFidelitys() throws IOException {
        try (var _ = TensorScope.open()) {
            var both = PrecisionRecall.of(features("a"), features("b"), PrecisionRecall.NEIGHBOURS);
            assertEquals(recorded("precision_a_generated_b_real"), both.precision(), 1e-6);
            assertEquals(recorded("recall_a_generated_b_real"), both.recall(), 1e-6);
            assertThrows(IllegalArgumentException.class, () -> PrecisionRecall.of(features("few"), features("b"), 40));
        }
    }
}
