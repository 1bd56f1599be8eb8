package ddpm.model.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.io.StoredTensor;
import ddpm.model.ModelCard;
import ddpm.nn.NetworkConfig;
import ddpm.nn.Params;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;
import ddpm.testing.PlaneType;
import ddpm.torch.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written, and what is not. That it computes the same is for ONNX Runtime to say, in the module of tests. */
class OnnxFileTest {
    private static final int MAX_BYTES = Integer.MAX_VALUE;

    @TempDir
    Path folder;

    private static ModelCard card(NetworkConfig network) {
        return ModelCard.of(network, BetaSchedule.ho2020(), 16, 16);
    }

    /** Zeros for all parameters, as views of one buffer that is long enough for each. */
    private static Map<String, StoredTensor> zeros(NetworkConfig network, ByteBuffer zeros) {
        var tensors = new LinkedHashMap<String, StoredTensor>();
        try (var params = new Params()) {
            network.build(params.root());
            params.shapes()
                    .forEach((name, shape) -> tensors.put(
                            name,
                            new StoredTensor(
                                    DType.FLOAT32,
                                    shape,
                                    zeros.slice(0, Math.toIntExact(Float.BYTES * shape.numel())))));
        }
        return tensors;
    }

    @Test
    void equalModelsGiveEqualFiles() throws IOException {
        var network = UNetMini.Config.ofChannels(1);
        var tensors = zeros(network, ByteBuffer.allocate(1 << 20));
        var files = List.of(folder.resolve("a.onnx"), folder.resolve("b.onnx"));
        for (var file : files) {
            OnnxFile.write(file, card(network), tensors);
        }
        assertArrayEquals(Files.readAllBytes(files.get(0)), Files.readAllBytes(files.get(1)));
    }

    @Test
    void aNetworkOfAnotherKindIsRefused() {
        var network = new PlaneType.Plane(1, 64, 16);
        var file = folder.resolve("a.onnx");
        var e = assertThrows(IllegalArgumentException.class, () -> OnnxFile.write(file, card(network), Map.of()));
        assertEquals(
                "there is no ONNX form of " + network
                        + ": only models of the paper's UNet and of UNetMini, and these over patches, can be written so",
                e.getMessage());
        assertFalse(Files.exists(file));
    }

    /** Weights are read from where they lie, so neither the refusal nor this test takes memory for them. */
    @Test
    void aModelOfTwoGigabytesIsRefused() throws IOException {
        var network = UNetConfig.of(3, 4096, List.of(1), 1, List.of(false), 32, 0);
        var sparse = folder.resolve("zeros");
        try (var channel = FileChannel.open(
                sparse, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), MAX_BYTES - 1);
        }
        try (var channel = FileChannel.open(sparse)) {
            var zeros = channel.map(FileChannel.MapMode.READ_ONLY, 0, MAX_BYTES);
            var file = folder.resolve("a.onnx");
            var e = assertThrows(
                    IllegalArgumentException.class, () -> OnnxFile.write(file, card(network), zeros(network, zeros)));
            assertTrue(
                    e.getMessage()
                            .matches("a model of [0-9]{10,} bytes does not fit an ONNX file, which has at most "
                                    + MAX_BYTES + "; store its weights as float16 or bfloat16"),
                    e.getMessage());
            assertFalse(Files.exists(file));
        }
    }

    @Test
    void aMissingTensorIsNamed() {
        var network = UNetMini.Config.ofChannels(1);
        var file = folder.resolve("a.onnx");
        var e = assertThrows(IllegalArgumentException.class, () -> OnnxFile.write(file, card(network), Map.of()));
        assertEquals("there is no tensor time_mlp.0.weight", e.getMessage());
    }
}
