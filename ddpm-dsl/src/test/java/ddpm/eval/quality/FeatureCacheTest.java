package ddpm.eval.quality;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.data.ImageShape;
import ddpm.eval.quality.SetFeatures.Wanted;
import ddpm.io.FileFormatException;
import ddpm.io.Safetensors;
import ddpm.io.StoredTensor;
import ddpm.testing.TinyImages;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import ddpm.torch.TensorScope;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeatureCacheTest {
    private static final Wanted STATISTICS = new Wanted(false, false);
    private static final Wanted ALL = new Wanted(true, false);

    private final AtomicInteger runs = new AtomicInteger();

    /** Pixels by another name, which counts how often it is asked. */
    private final class Counting implements FeatureNetwork {
        private final PixelFeatures pixels = new PixelFeatures();
        private final String identity;

        Counting(String identity) {
            this.identity = identity;
        }

        @Override
        public int features(ImageShape shape) {
            return pixels.features(shape);
        }

        @Override
        public int classes() {
            return 0;
        }

        @Override
        public String identity() {
            return identity;
        }

        @Override
        public Output of(byte[] levels, int batch, ImageShape shape, boolean logits) {
            runs.incrementAndGet();
            return pixels.of(levels, batch, shape, logits);
        }

        @Override
        public void close() {}
    }

    private int runsOf(FeatureCache cache, String network, TinyImages images, int count, Wanted wanted)
            throws Exception {
        runs.set(0);
        try (var features =
                cache.of(new FeatureExtractor(new Counting(network), 4, 1), images, count, wanted, _ -> {})) {
            assertEquals(count, features.statistics().count());
            assertTrue(features.has(wanted));
        }
        return runs.get();
    }

    @Test
    void equalContentIsMeasuredOnceAndOtherContentAnew(@TempDir Path folder) throws Exception {
        var cache = new FeatureCache(folder.resolve("new"));
        assertEquals(2, runsOf(cache, "a", new TinyImages(8), 8, STATISTICS));
        assertEquals(0, runsOf(cache, "a", new TinyImages(8), 8, STATISTICS));
        assertEquals(2, runsOf(cache, "b", new TinyImages(8), 8, STATISTICS), "another network");
        assertEquals(2, runsOf(cache, "a", new TinyImages(8, 1), 8, STATISTICS), "other images");
        assertEquals(1, runsOf(cache, "a", new TinyImages(8), 4, STATISTICS), "fewer images");
        assertEquals(2, runsOf(cache, "a", new TinyImages(8), 8, ALL), "more is wanted than was kept");
        assertEquals(0, runsOf(cache, "a", new TinyImages(8), 8, ALL));
    }

    @Test
    void whatIsKeptIsWhatWasMeasured(@TempDir Path folder) throws Exception {
        var cache = new FeatureCache(folder);
        var extractor = new FeatureExtractor(new PixelFeatures(), 3, 2);
        try (var measured = cache.of(extractor, new TinyImages(9), 9, ALL, _ -> {});
                var found = cache.of(extractor, new TinyImages(9), 9, ALL, _ -> {});
                var _ = TensorScope.open()) {
            assertNotNull(found.all());
            assertArrayEquals(measured.all().toFloats(), found.all().toFloats());
            assertArrayEquals(
                    measured.statistics().mean().toDoubles(),
                    found.statistics().mean().toDoubles());
            // The covariance is stored, and the sums are its multiple again.
            assertArrayEquals(
                    measured.statistics().covariance().toDoubles(),
                    found.statistics().covariance().toDoubles(),
                    1e-15);
        }
    }

    @Test
    void damagedFilesAreRefusedByName(@TempDir Path folder) throws Exception {
        var cache = new FeatureCache(folder);
        runsOf(cache, "a", new TinyImages(8), 8, STATISTICS);
        Path file;
        try (var files = Files.list(folder)) {
            file = files.findFirst().orElseThrow();
        }
        Safetensors.write(
                file, Map.of("mean", new StoredTensor(DType.FLOAT64, Shape.of(1), ByteBuffer.allocate(8))), Map.of());
        var e = assertThrows(FileFormatException.class, () -> runsOf(cache, "a", new TinyImages(8), 8, STATISTICS));
        assertTrue(e.getMessage().contains("remove it"), e.getMessage());
    }

    @Test
    void classScoresOfPixelsAreRefused() {
        var e = assertThrows(
                IllegalArgumentException.class,
                () -> SetFeatures.measure(
                        new FeatureExtractor(new PixelFeatures(), 4, 1),
                        new TinyImages(8),
                        8,
                        new Wanted(false, true),
                        _ -> {}));
        assertTrue(e.getMessage().contains("pixels tells no classes"), e.getMessage());
    }
}
