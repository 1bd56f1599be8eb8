package ddpm.model;

import static ddpm.testing.Close.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.io.FileFormatException;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFiles;
import ddpm.io.TorchFile;
import ddpm.testing.Golden;
import ddpm.testing.NpyFile;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Other projects' checkpoints give the outputs that those projects' own code gave. */
class ModelLayoutTest {
    /** Measured between float32 and float64 runs of the recorded networks: 3.5e-6. */
    private static final double TOLERANCE = 2e-5;

    @TempDir
    Path folder;

    private static void assertOutput(StoredModel stored, String inputs, String t, String outputs) throws IOException {
        try (var model = Model.of(stored, Device.CPU);
                var _ = TensorScope.open()) {
            var x = NpyFile.read(Golden.path(inputs + "/x.npy"));
            var steps = NpyFile.read(Golden.path(inputs + "/" + t + ".npy")).longs();
            var output =
                    model.predict(Tensor.of(x.floats(), Shape.of(x.shape())), Tensor.of(steps, Shape.of(steps.length)));
            assertWithin(TOLERANCE, NpyFile.read(Golden.path(outputs + ".npy")).floats(), output.toFloats(), outputs);
        }
    }

    @ParameterizedTest
    @CsvSource({"current, t, eps", "current, t2, eps2", "heads8, t, eps", "heads8, t2, eps2"})
    void aFolderOfDiffusersLoadsWithItsConfiguration(String name, String t, String out) throws IOException {
        var io = "hf_unet/" + name + "/io";
        var stored = StoredModel.open(Golden.path("hf_unet/" + name), Weights.EMA);
        assertEquals(ModelLayout.DIFFUSERS, stored.layout());
        assertOutput(stored, io, t, io + "/" + out);
    }

    @ParameterizedTest
    @CsvSource({"t, eps", "t2, eps2"})
    void earlyNamesOfAttentionInAPickleLoadToo(String t, String out) throws IOException {
        assertOutput(
                StoredModel.open(early(folder, false), Weights.EMA),
                "hf_unet/current/io",
                t,
                "hf_unet/legacy/io/" + out);
    }

    @Test
    void attentionAsPointwiseConvolutionsIsTheSame() throws IOException {
        var linear = StoredModel.open(early(folder, false), Weights.EMA).tensors();
        var convolutions = StoredModel.open(early(Files.createDirectory(folder.resolve("1x1")), true), Weights.EMA);
        assertEquals(
                Shape.of(32, 32, 1, 1),
                convolutions
                        .file()
                        .tensors()
                        .get("mid_block.attentions.0.query.weight")
                        .shape());
        assertEquals(linear, convolutions.tensors());
    }

    /** The recorded legacy file has the current one's weights under early names. */
    private static Path early(Path folder, boolean convolutions) throws IOException {
        for (var name : new String[] {"config.json", "scheduler_config.json", "model_index.json"}) {
            Files.copy(Golden.path("hf_unet/legacy/" + name), folder.resolve(name));
        }
        var names = Map.of("to_q", "query", "to_k", "key", "to_v", "value", "to_out.0", "proj_attn");
        var tensors = new LinkedHashMap<String, StoredTensor>();
        TensorFiles.read(Golden.path("hf_unet/current/" + DiffusersFolder.WEIGHTS))
                .forEach((name, tensor) -> {
                    var early = name;
                    for (var pair : names.entrySet()) {
                        early = early.replace("." + pair.getKey() + ".", "." + pair.getValue() + ".");
                    }
                    var shape = tensor.shape();
                    tensors.put(
                            early,
                            convolutions && !early.equals(name) && shape.rank() == 2
                                    ? new StoredTensor(
                                            tensor.dtype(), Shape.of(shape.size(0), shape.size(1), 1, 1), tensor.data())
                                    : tensor);
                });
        TorchFile.write(folder.resolve("diffusion_pytorch_model.bin"), tensors);
        return folder;
    }

    @ParameterizedTest
    @CsvSource({"EMA, eps_ema", "RAW, eps_model"})
    void theListOfErmongroupHoldsTwoSetsOfWeights(Weights weights, String out) throws IOException {
        var at = "ho_pytorch/ddim_trainer_list";
        var stored = StoredModel.open(Golden.path(at + "/ckpt.pth"), weights);
        assertEquals(ModelLayout.HO_PYTORCH, stored.layout());
        assertEquals(16, stored.card().height());
        assertOutput(stored, at + "/io", "t", at + "/io/" + out);
    }

    @ParameterizedTest
    @CsvSource({"t, out", "t2, out2"})
    void theCheckpointOfW86763777HasItsOwnEmbedding(String t, String out) throws IOException {
        var at = "w86763777/mult2";
        var stored = StoredModel.open(Golden.path(at + "/ckpt.pt"), Weights.EMA);
        assertEquals(ModelLayout.W86763777, stored.layout());
        assertOutput(stored, at + "/io", t, at + "/io/" + out);
    }

    @Test
    void rawWeightsThatAreNotThereAreNotReplacedByTheAverage() {
        var refused = assertThrows(
                FileFormatException.class, () -> StoredModel.open(Golden.path("w86763777/mult2/ckpt.pt"), Weights.RAW));
        assertTrue(refused.reason().contains("holds only averaged weights ('ema_model.')"), refused.reason());
    }

    @Test
    void anotherTimeEmbeddingIsRefused() throws IOException {
        var tensors = new LinkedHashMap<>(TensorFiles.read(Golden.path("w86763777/mult2/ckpt.pt")));
        var name = "ema_model.time_embedding.timembedding.0.weight";
        var table = tensors.get(name);
        var changed = java.nio.ByteBuffer.allocate(table.data().remaining())
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .put(table.data())
                .putFloat((7 * 32 + 3) * Float.BYTES, 0.5f)
                .flip();
        tensors.put(name, new StoredTensor(table.dtype(), table.shape(), changed));
        var file = folder.resolve("trained.pt");
        TorchFile.write(file, tensors);
        var refused = assertThrows(FileFormatException.class, () -> StoredModel.open(file, Weights.EMA));
        assertTrue(refused.reason().contains("[7, 3] is 0.5, not "), refused.reason());
    }

    @Test
    void whatIsMissingIsToldByTheFilesOwnNames() throws IOException {
        var tensors = new LinkedHashMap<>(TensorFiles.read(Golden.path("w86763777/mult2/ckpt.pt")));
        tensors.put("ema_model.more", tensors.remove("ema_model.upblocks.1.temb_proj.1.bias"));
        var file = folder.resolve("less.pt");
        TorchFile.write(file, tensors);
        var stored = StoredModel.open(file, Weights.EMA);
        var refused = assertThrows(FileFormatException.class, stored::tensors);
        assertTrue(refused.reason().contains("1 missing:\n    upblocks.1.temb_proj.1.bias [64]"), refused.reason());
        assertTrue(refused.reason().contains("1 unknown:\n    more"), refused.reason());
    }

    @Test
    void diffusersWeightsAloneAskForTheirConfiguration() throws IOException {
        var lone = Files.copy(
                Golden.path("hf_unet/current/" + DiffusersFolder.WEIGHTS), folder.resolve("lone.safetensors"));
        var refused = assertThrows(FileFormatException.class, () -> StoredModel.open(lone, Weights.EMA));
        assertTrue(refused.reason().contains("config.json that is not beside it"), refused.reason());
    }

    @Test
    void aFolderWithoutAModelSaysWhatItHas() throws IOException {
        Files.createDirectory(folder.resolve("checkpoints"));
        var refused = assertThrows(FileFormatException.class, () -> StoredModel.open(folder, Weights.EMA));
        assertTrue(refused.reason().contains("it has 'checkpoints/'"), refused.reason());
    }

    @Test
    void aTrainersAverageStandsBesideTheUNet() throws IOException {
        for (var part : new String[] {"unet", "unet_ema"}) {
            Files.createDirectory(folder.resolve(part));
            for (var name : new String[] {"config.json", DiffusersFolder.WEIGHTS}) {
                Files.copy(
                        Golden.path("hf_unet/current/" + name),
                        folder.resolve(part).resolve(name));
            }
        }
        var ema = StoredModel.open(folder, Weights.EMA);
        assertEquals(
                folder.resolve("unet_ema").resolve(DiffusersFolder.WEIGHTS),
                ema.file().path());
        assertTrue(ema.card().notes().get("assumed").contains("no scheduler_config.json"));
        assertEquals(
                folder.resolve("unet").resolve(DiffusersFolder.WEIGHTS),
                StoredModel.open(folder, Weights.RAW).file().path());
    }
}
