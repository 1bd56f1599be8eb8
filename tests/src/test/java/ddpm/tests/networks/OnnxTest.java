package ddpm.tests.networks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import ddpm.io.Safetensors;
import ddpm.io.StoredCast;
import ddpm.model.Model;
import ddpm.model.ModelLayout;
import ddpm.model.StoredModel;
import ddpm.model.onnx.OnnxFile;
import ddpm.nn.Network;
import ddpm.nn.NetworkConfig;
import ddpm.nn.Params;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.LibTorch;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Networks written as ONNX files and computed by ONNX Runtime, against ours.
 *
 * <p>Its kernels add the same float32 numbers in another order; the tolerance is relative to the largest number compared.
 */
class OnnxTest {
    private static final double TOLERANCE = 2e-5;

    private static final Path GOLDEN =
            Path.of(System.getProperty("ddpm.root", "..")).resolve("ddpm-dsl/src/test/resources/golden");

    @TempDir
    Path folder;

    /** Small tensors: on a busy machine two threads wait for each other longer than one needs. */
    @BeforeAll
    static void oneThread() {
        LibTorch.load().setThreads(1);
    }

    static Stream<NetworkConfig> networks() {
        return NetworksTest.networks();
    }

    @ParameterizedTest
    @MethodSource("networks")
    void aNetworkComputesTheSameAtEverySize(NetworkConfig config) throws IOException, OrtException {
        try (var params = new Params();
                var _ = TensorScope.open();
                var _ = GradMode.off()) {
            var network = config.build(params.root());
            Weights.randomise(params);
            try (var exported = OnnxNetwork.of(config, params, 1)) {
                compareSizes(network, exported);
            }
        }
    }

    private static void compareSizes(Network network, OnnxNetwork exported) throws OrtException {
        int multiple = network.config().sizeMultiple();
        compare(network, exported, 2, 2 * multiple, 3 * multiple, 3, 700);
        compare(network, exported, 2, 2 * multiple, 3 * multiple, 999); // one timestep for all
        compare(network, exported, 3, 4 * multiple, 2 * multiple, 0, 12, 998);
    }

    private static void compare(Network network, OnnxNetwork exported, int batch, int height, int width, long... t)
            throws OrtException {
        var config = network.config();
        var shape = Shape.of(batch, config.inChannels(), height, width);
        var random = new Random(shape.hashCode());
        var x = new float[Math.toIntExact(shape.numel())];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        var labels = config.labels() == 0
                ? null
                : LongStream.range(0, batch).map(i -> config.labels() - 1 - i).toArray();
        var ours = network.forward(
                Tensor.of(x, shape),
                Tensor.of(t, Shape.of(t.length)),
                labels == null ? null : Tensor.of(labels, Shape.of(batch)));
        assertEquals(Shape.of(batch, config.outChannels(), height, width), ours.shape());
        assertClose(ours.toFloats(), exported.forward(x, shape, t, labels), shape + " at " + Arrays.toString(t));
    }

    private static void assertClose(float[] wanted, float[] found, String what) {
        assertEquals(wanted.length, found.length, what);
        double largest = 1;
        double difference = 0;
        for (int i = 0; i < wanted.length; i++) {
            largest = Math.max(largest, Math.abs(wanted[i]));
            difference = Math.max(difference, Math.abs((double) wanted[i] - found[i])); // NaN stays NaN
        }
        assertTrue(difference <= TOLERANCE * largest, what + " differs by " + difference + " at a size of " + largest);
    }

    /** The file of a model computes what the model does; its card stands in it. */
    private void compareModel(StoredModel stored) throws IOException, OrtException {
        var file = folder.resolve("model.onnx");
        OnnxFile.write(file, stored.card(), stored.tensors());
        try (var model = Model.of(stored, Device.CPU);
                var _ = TensorScope.open();
                var _ = GradMode.off();
                var exported = new OnnxNetwork(file, 1)) {
            compareSizes(model.network(), exported);
            assertEquals(
                    stored.card().metadata().get(ModelLayout.CARD_KEY),
                    exported.metadata().get("ddpm"));
            assertEquals(stored.card().prediction().name(), exported.metadata().get("prediction"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "hf_unet/current, EMA, DIFFUSERS",
        "hf_unet/heads8, EMA, DIFFUSERS",
        "ho_pytorch/ddim_trainer_list/ckpt.pth, EMA, HO_PYTORCH",
        "ho_pytorch/ddim_trainer_list/ckpt.pth, RAW, HO_PYTORCH",
        "w86763777/mult2/ckpt.pt, EMA, W86763777",
        "notebook/unetmini_init.pt, EMA, NOTEBOOK"
    })
    void aModelOfAnotherProjectComputesTheSame(String name, ddpm.model.Weights weights, ModelLayout layout)
            throws IOException, OrtException {
        var stored = StoredModel.open(GOLDEN.resolve(name), weights);
        assertEquals(layout, stored.layout());
        compareModel(stored);
    }

    @Test
    void theBuiltInModelComputesTheSame() throws IOException, OrtException {
        compareModel(StoredModel.of(ddpm.model.DefaultModel.open(), ddpm.model.Weights.EMA));
    }

    /** They are stored as they are, and computed with in float32 like ours. */
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"FLOAT16", "BFLOAT16", "FLOAT64"})
    void weightsOfEveryTypeAreComputedWithInFloat32(DType type) throws IOException, OrtException {
        var whole = StoredModel.open(GOLDEN.resolve("hf_unet/current"), ddpm.model.Weights.EMA);
        var file = folder.resolve("half.safetensors");
        Safetensors.write(
                file, StoredCast.to(type, whole.tensors()), whole.card().metadata());
        compareModel(StoredModel.open(file, ddpm.model.Weights.EMA));
    }
}
