package ddpm.eval.quality;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.testing.Golden;
import ddpm.testing.NpyFile;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NearestNeighboursTest {
    /** Against a sort of all distances, each summed difference by difference. */
    @Test
    void theNearestAreThoseOfASortOfAll() throws Exception {
        var a = NpyFile.read(Golden.path("inception/features_few.npy")).floats();
        var b = NpyFile.read(Golden.path("inception/features_b.npy")).floats();
        int d = 64;
        int m = b.length / d;
        try (var _ = TensorScope.open();
                var search = new NearestNeighbours(Tensor.of(a, Shape.of(a.length / d, d)), 4)) {
            var all = Tensor.of(b, Shape.of(m, d));
            for (int from = 0; from < m; from += 37) {
                search.add(all.narrow(0, from, Math.min(37, m - from)));
            }
            for (int query = 0; query < a.length / d; query++) {
                int at = query;
                var sorted = IntStream.range(0, m)
                        .boxed()
                        .sorted(Comparator.comparingDouble(i -> distance(a, at, b, i, d)))
                        .toList();
                for (int rank = 0; rank < 4; rank++) {
                    assertEquals(sorted.get(rank), search.index(query, rank));
                    // Both are float64; |x|^2 - 2 x y + |y|^2 loses digits of its large terms.
                    assertEquals(distance(a, query, b, sorted.get(rank), d), search.distance(query, rank), 1e-9);
                }
            }
        }
    }

    private static double distance(float[] a, int i, float[] b, int j, int d) {
        double sum = 0;
        for (int c = 0; c < d; c++) {
            double difference = (double) a[i * d + c] - b[j * d + c];
            sum += difference * difference;
        }
        return Math.sqrt(sum);
    }

    @Test
    void equalDistancesKeepTheOrderAndTooFewLeavePlacesOpen() {
        try (var _ = TensorScope.open();
                var search = new NearestNeighbours(Tensor.of(new float[] {0}, Shape.of(1, 1)), 3)) {
            search.add(Tensor.of(new float[] {2, -2}, Shape.of(2, 1)));
            assertEquals(
                    List.of(0, 1, -1),
                    IntStream.range(0, 3).mapToObj(r -> search.index(0, r)).toList());
            assertEquals(Double.POSITIVE_INFINITY, search.distance(0, 2));
            search.add(Tensor.of(new float[] {-1}, Shape.of(1, 1)));
            assertEquals(
                    List.of(2, 0, 1),
                    IntStream.range(0, 3).mapToObj(r -> search.index(0, r)).toList());
            assertThrows(
                    IllegalArgumentException.class, () -> search.add(Tensor.of(new float[] {1, 2}, Shape.of(1, 2))));
        }
    }

    /** Of copies everything is nearer than the unseen; of images like the unseen half are, and one in twenty is nearest. */
    @Test
    void memorisationTellsCopiesFromNewImages() {
        var unseen = IntStream.range(0, 1000).mapToDouble(i -> 1 + i / 1000.0).toArray();
        var copies = Memorisation.of(new double[50], unseen);
        assertEquals(1, copies.nearer());
        assertEquals(1, copies.copies());
        var fresh = Memorisation.of(unseen, unseen);
        assertEquals(0.5, fresh.nearer(), 1e-12);
        assertEquals(0.05, fresh.copies(), 0.002);
        var far = Memorisation.of(new double[] {5, 6}, unseen);
        assertEquals(0, far.nearer());
        assertEquals(0, far.copies());
        var e = assertThrows(IllegalArgumentException.class, () -> Memorisation.of(new double[0], unseen));
        assertTrue(e.getMessage().contains("0 samples"), e.getMessage());
    }
}
