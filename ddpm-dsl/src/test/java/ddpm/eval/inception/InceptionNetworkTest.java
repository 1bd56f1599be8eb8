package ddpm.eval.inception;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.eval.inception.InceptionNetwork.Layer;
import ddpm.io.FileFormatException;
import ddpm.testing.Golden;
import ddpm.testing.NpyFile;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Features against torch-fidelity's and pytorch-fid's own networks, filled by the same formula. */
class InceptionNetworkTest {
    private static final Path FILE = Path.of("formula.pth");
    private static InceptionNetwork network;

    @BeforeAll
    static void load() throws IOException {
        network = InceptionNetwork.of(FILE, FormulaWeights.all());
    }

    @AfterAll
    static void close() {
        network.close();
    }

    private static NpyFile npy(String name) throws IOException {
        return NpyFile.read(Golden.path("inception/" + name + ".npy"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"32", "64x48", "299"})
    void featuresAreTorchFidelitys(String size) throws IOException {
        try (var _ = TensorScope.open()) {
            var features = network.forward(input(size, Preprocessing.TENSORFLOW), EnumSet.allOf(Layer.class));
            for (var layer : Layer.values()) {
                var name = layer.name().startsWith("POOL")
                        ? layer.name().substring(5)
                        : layer.name().toLowerCase(java.util.Locale.ROOT);
                assertClose(
                        npy("fidelity_" + size + "_" + name),
                        features.get(layer).toFloats(),
                        size + " " + layer);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"32", "64x48"})
    void featuresOfTheVariantArePytorchFids(String size) throws IOException {
        try (var _ = TensorScope.open()) {
            var features = network.forward(input(size, Preprocessing.PYTORCH_FID), EnumSet.of(Layer.POOL_2048));
            assertClose(
                    npy("pytorchfid_" + size + "_2048"),
                    features.get(Layer.POOL_2048).toFloats(),
                    size);
        }
    }

    private static ddpm.torch.Tensor input(String size, Preprocessing preprocessing) throws IOException {
        var images = npy("images_" + size);
        var shape = images.shape();
        var levels = new byte[(int) (shape[0] * shape[1] * shape[2] * shape[3])];
        images.stored().data().get(levels);
        return preprocessing.apply(levels, (int) shape[0], (int) shape[1], (int) shape[2], (int) shape[3]);
    }

    /** The largest error over the features' standard deviation: 1e-4 is asked for. */
    private static void assertClose(NpyFile expected, float[] actual, String what) {
        var wanted = expected.floats();
        assertEquals(wanted.length, actual.length, what);
        double mean = 0;
        double squares = 0;
        for (float value : wanted) {
            mean += value / wanted.length;
        }
        for (float value : wanted) {
            squares += (value - mean) * (value - mean) / wanted.length;
        }
        double worst = 0;
        for (int i = 0; i < wanted.length; i++) {
            worst = Math.max(worst, Math.abs(wanted[i] - actual[i]));
        }
        assertTrue(worst <= 1e-4 * Math.sqrt(squares), what + ": off by " + worst / Math.sqrt(squares));
    }

    @Test
    void greyImagesAreRepeatedToThreeChannels() {
        var grey = new byte[5 * 7];
        var colour = new byte[3 * 5 * 7];
        for (int i = 0; i < grey.length; i++) {
            grey[i] = (byte) (7 * i);
            colour[i] = colour[35 + i] = colour[70 + i] = grey[i];
        }
        try (var _ = TensorScope.open()) {
            org.junit.jupiter.api.Assertions.assertArrayEquals(
                    Preprocessing.TENSORFLOW.apply(colour, 1, 3, 5, 7).toFloats(),
                    Preprocessing.TENSORFLOW.apply(grey, 1, 1, 5, 7).toFloats());
        }
        assertThrows(IllegalArgumentException.class, () -> Preprocessing.TENSORFLOW.apply(grey, 1, 1, 5, 8));
    }

    @Test
    void anotherNetworkIsRefusedWithAllMisfits() {
        var tensors = new LinkedHashMap<>(FormulaWeights.all());
        tensors.remove("Mixed_6e.branch1x1.bn.bias");
        tensors.put("fc.bias", tensors.get("Conv2d_1a_3x3.bn.bias"));
        var e = assertThrows(FileFormatException.class, () -> InceptionNetwork.of(FILE, tensors));
        assertTrue(e.getMessage().contains("Mixed_6e.branch1x1.bn.bias [192]"), e.getMessage());
        assertTrue(e.getMessage().contains("fc.bias is [32], not [1008]"), e.getMessage());
    }
}
