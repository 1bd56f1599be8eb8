package ddpm.eval.inception;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ddpm.eval.quality.FeatureExtractor;
import ddpm.testing.TinyImages;
import java.nio.file.Path;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

class InceptionFeaturesTest {
    /** Every image once and in order, whatever the batch and the threads; the last batch is smaller. */
    @Test
    void featuresDoNotDependOnBatchesAndThreads() throws Exception {
        var layer = InceptionNetwork.Layer.POOL_64;
        try (var network = new InceptionFeatures(
                InceptionNetwork.of(Path.of("formula"), FormulaWeights.all()),
                Preprocessing.TENSORFLOW,
                layer,
                "formula")) {
            var all = new ArrayList<Float>();
            for (int way = 0; way < 2; way++) {
                var found = new ArrayList<Float>();
                var done = new ArrayList<Integer>();
                new FeatureExtractor(network, way == 0 ? 5 : 1, 1 + way)
                        .extract(
                                new TinyImages(9),
                                5,
                                false,
                                output -> {
                                    for (float value : output.features().toFloats()) {
                                        found.add(value);
                                    }
                                },
                                done::add);
                assertEquals(5 * layer.features(), found.size());
                assertEquals(5, done.getLast());
                if (way == 0) {
                    all.addAll(found);
                }
                for (int i = 0; i < found.size(); i++) {
                    assertEquals(all.get(i), found.get(i), 1e-4f, "kernels by batch round otherwise");
                }
            }
        }
    }
}
