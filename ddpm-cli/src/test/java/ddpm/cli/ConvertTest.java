package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.io.StoredCast;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFiles;
import ddpm.io.TensorFormat;
import ddpm.io.TorchFile;
import ddpm.model.Model;
import ddpm.model.ModelCard;
import ddpm.model.ModelLayout;
import ddpm.model.StoredModel;
import ddpm.model.Weights;
import ddpm.nn.UNetConfig;
import ddpm.torch.DType;
import ddpm.torch.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConvertTest {
    @TempDir
    Path folder;

    private Path convert(Path in, String out, Object... options) {
        var target = folder.resolve(out);
        var args = new java.util.ArrayList<Object>(List.of("convert", in, target));
        args.addAll(List.of(options));
        var run = Cli.run(args.toArray());
        assertEquals(0, run.status(), run.err());
        assertEquals(target + System.lineSeparator(), run.out());
        return target;
    }

    @Test
    void tensorsSurviveTheWayToPyTorchAndBack() throws IOException {
        var ours = Cli.tinyModel(folder.resolve("ours.safetensors"));
        var theirs = convert(ours, "theirs.pt");
        var back = convert(theirs, "deeper/back.safetensors");
        var tensors = TensorFiles.read(ours);
        assertEquals(
                List.copyOf(tensors.keySet()),
                List.copyOf(TensorFiles.read(theirs).keySet()));
        assertEquals(tensors, TensorFiles.read(theirs));
        assertEquals(tensors, TensorFiles.read(back));
    }

    @Test
    void aNotebooksStateDictGetsACardAndBothFilesCanBeSampled() throws IOException {
        var dict = convert(Cli.tinyModel(folder.resolve("ours.safetensors")), "dict.pt");
        var ours = convert(dict, "carded.safetensors");
        var file = TensorFiles.open(ours);
        assertEquals(ModelLayout.DDPM, ModelLayout.of(file));
        assertEquals(1000, StoredModel.of(file, Weights.EMA).card().schedule().steps());
        for (var model : List.of(dict, ours)) {
            var grid = folder.resolve(model.getFileName() + ".png");
            var run = Cli.run("sample", "-m", model, "-n", 1, "--steps", 2, "--seed", 1, "-o", grid);
            assertEquals(0, run.status(), run.err());
            assertTrue(Files.exists(grid));
        }
    }

    @Test
    void aCardIsKeptFromFileToFileAndItsLossIsTold() throws IOException {
        var ours = Cli.tinyModel(folder.resolve("ours.safetensors"));
        var copy = convert(ours, "copy.safetensors");
        assertEquals(TensorFiles.open(ours).metadata(), TensorFiles.open(copy).metadata());
        var run = Cli.run("convert", ours, folder.resolve("x.pth"));
        assertTrue(run.err().contains("no place for the model card"), run.err());
        assertEquals("", Cli.run("convert", "-q", ours, folder.resolve("x.pth")).err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"float16", "bfloat16", "float32"})
    void weightsAreStoredInTheTypeAskedFor(String type) throws IOException {
        var half = convert(Cli.tinyModel(folder.resolve("ours.safetensors")), "half.safetensors", "--dtype", type);
        for (StoredTensor tensor : TensorFiles.read(half).values()) {
            assertEquals(type, tensor.dtype().toString());
        }
        assertEquals(
                0,
                Cli.run("sample", "-m", half, "-n", 1, "-o", folder.resolve("a.png"))
                        .status());
    }

    @Test
    void anUnknownTypeIsWrongUsage() throws IOException {
        var run = Cli.run("convert", "a.pt", "b.pt", "--dtype", DType.INT8);
        assertEquals(ExitCode.USAGE.status(), run.status());
        assertTrue(run.err().contains("'int8' is none of float32, float16, bfloat16"), run.err());
    }

    @Test
    void theOutputsNameMustSayItsFormat() throws IOException {
        var ours = Cli.tinyModel(folder.resolve("ours.safetensors"));
        for (var out : List.of("a.gguf", "a", "folder/")) {
            var run = Cli.run("convert", ours, folder + "/" + out);
            assertEquals(ExitCode.USAGE.status(), run.status());
            assertTrue(run.err().contains("end a file's name in .safetensors or .pt or .pth or .onnx"), run.err());
            assertFalse(Files.exists(folder.resolve(out)));
        }
    }

    @Test
    void aFileThatCannotBeReadLeavesTheOldOutputAlone() throws IOException {
        var out = Files.writeString(folder.resolve("out.safetensors"), "old");
        var run = Cli.run("convert", Files.writeString(folder.resolve("in.pt"), "no model"), out);
        assertEquals(ExitCode.FAILED.status(), run.status());
        assertTrue(run.err().startsWith("ddpm: " + folder.resolve("in.pt") + ": is of no known format"), run.err());
        assertArrayEquals("old".getBytes(), Files.readAllBytes(out));
    }

    @Test
    void aFileMayBeConvertedInPlace() throws IOException {
        var ours = Cli.tinyModel(folder.resolve("ours.safetensors"));
        convert(ours, "ours.safetensors", "--dtype", "float16");
        assertEquals(
                DType.FLOAT16, TensorFiles.read(ours).firstEntry().getValue().dtype());
    }

    /** A grey model of the paper's UNet. */
    private Path unet() throws IOException {
        var config = UNetConfig.of(1, 8, List.of(1, 2), 1, List.of(false, true), 8, 0);
        var card = ModelCard.of(config, BetaSchedule.linear(10, 0.05, 0.5), 8, 16);
        var file = folder.resolve("unet.safetensors");
        try (var model = new Model(card, Device.CPU)) {
            model.params().initialise((parameter, target) -> java.util.Arrays.fill(target, 0.75f));
            model.save(file, DType.FLOAT32);
        }
        return file;
    }

    @Test
    void aFolderForDiffusersComesBackAsTheSameModel() throws IOException {
        var ours = unet();
        var theirs = folder.resolve("for-diffusers");
        var run = Cli.run("convert", ours, theirs, "--to", "diffusers");
        assertEquals(0, run.status(), run.err());
        assertEquals(theirs + System.lineSeparator(), run.out());
        var back = convert(theirs, "back.safetensors");
        assertEquals(TensorFiles.read(ours), TensorFiles.read(back));
        var card = StoredModel.open(ours, Weights.EMA).card();
        assertEquals(
                card.withNotes(Map.of()),
                StoredModel.open(back, Weights.EMA).card().withNotes(Map.of()));
        var grid = folder.resolve("a.png");
        run = Cli.run("sample", "-m", theirs, "-n", 1, "--steps", 2, "--seed", 1, "-o", grid);
        assertEquals(0, run.status(), run.err());
        assertTrue(run.err().contains("model for-diffusers:"), run.err());
        var info = Cli.run("info", theirs).out().replaceAll(" +", " ");
        assertTrue(info.contains("layout diffusers"), info);
        assertTrue(info.contains("schedule linear(10, 0.05, 0.5)"), info);
        assertFalse(info.contains("no model"), info);
    }

    @Test
    void aFolderThatIsThereIsNotReplaced() throws IOException {
        var there = Files.createDirectory(folder.resolve("there"));
        var run = Cli.run("convert", unet(), there, "--to", "diffusers");
        assertEquals(ExitCode.FAILED.status(), run.status());
        assertEquals("ddpm: " + there + ": is there already; name a new folder" + System.lineSeparator(), run.err());
    }

    @Test
    void aNetworkThatDiffusersHasNotIsRefused() throws IOException {
        var out = folder.resolve("out");
        var run = Cli.run("convert", Cli.tinyModel(folder.resolve("tiny.safetensors")), out, "--to", "diffusers");
        assertEquals(ExitCode.FAILED.status(), run.status());
        assertTrue(run.err().contains("diffusers has no network like UNetMini"), run.err());
        assertFalse(Files.exists(out));
    }

    @Test
    void theFormatAskedForNeedsNoExtension() throws IOException {
        var ours = unet();
        var bare = convert(ours, "bare", "--to", "safetensors");
        assertEquals(TensorFormat.SAFETENSORS, TensorFiles.open(bare).format());
        assertEquals(
                TensorFormat.TORCH_ZIP,
                TensorFiles.open(convert(ours, "dict", "--to", "pt")).format());
    }

    @Test
    void ofTwoSetsOfWeightsTheOneAskedForIsConverted() throws IOException {
        var raw = TensorFiles.read(Cli.tinyModel(folder.resolve("tiny.safetensors")));
        var ema = StoredCast.to(DType.FLOAT16, raw);
        var both = new LinkedHashMap<String, StoredTensor>();
        raw.forEach((name, tensor) -> both.put("model." + name, tensor));
        ema.forEach((name, tensor) -> both.put("ema." + name, tensor));
        var file = folder.resolve("both.pt");
        TorchFile.write(file, both);
        assertEquals(ema, TensorFiles.read(convert(file, "ema.safetensors")));
        assertEquals(raw, TensorFiles.read(convert(file, "raw.safetensors", "--weights", "raw")));
        var run = Cli.run("convert", file, folder.resolve("x.pt"));
        assertTrue(run.err().contains("took the average under 'ema.' in the file; left out " + raw.size()), run.err());
        assertTrue(Cli.run("info", file, "--weights", "raw")
                .out()
                .replaceAll(" +", " ")
                .contains("weights the weights under 'model.' in the file"));
        assertEquals(
                0,
                Cli.run("sample", "-m", file, "--weights", "raw", "-n", 1, "--steps", 1, "-o", folder.resolve("b.png"))
                        .status());
    }

    @Test
    void aModelBecomesAnOnnxFileOfTheWeightsAskedFor() throws IOException {
        var both = folder.resolve("both.pt");
        var raw = TensorFiles.read(Cli.tinyModel(folder.resolve("tiny.safetensors")));
        var tensors = new LinkedHashMap<String, StoredTensor>();
        raw.forEach((name, tensor) -> tensors.put("model." + name, tensor));
        StoredCast.to(DType.FLOAT16, raw).forEach((name, tensor) -> tensors.put("ema." + name, tensor));
        TorchFile.write(both, tensors);
        for (var weights : List.of("ema", "raw")) {
            var one = convert(both, weights + ".pt", "--weights", weights);
            assertArrayEquals(
                    Files.readAllBytes(convert(one, "one.onnx")),
                    Files.readAllBytes(convert(both, "both.onnx", "--weights", weights)));
        }
        assertTrue(Files.size(convert(both, "half.out", "--to", "onnx")) < Files.size(folder.resolve("both.onnx")));
        var run = Cli.run("convert", both, folder.resolve("told.onnx"));
        assertTrue(
                run.err()
                        .contains(
                                "inputs sample [batch_size, 1, height, width] and timestep [steps], output out_sample"),
                run.err());
    }

    @Test
    void whatIsNoModelHasNoOnnxFormAndAnOnnxFileIsNotRead() throws IOException {
        var lone = folder.resolve("lone.pt");
        TorchFile.write(
                lone,
                Map.of(
                        "a",
                        TensorFiles.read(Cli.tinyModel(folder.resolve("tiny.safetensors")))
                                .firstEntry()
                                .getValue()));
        var out = folder.resolve("out.onnx");
        var run = Cli.run("convert", lone, out);
        assertEquals(ExitCode.FAILED.status(), run.status());
        assertTrue(run.err().startsWith("ddpm: " + lone + ": "), run.err());
        assertFalse(Files.exists(out));
        run = Cli.run("info", convert(folder.resolve("tiny.safetensors"), "tiny.onnx"));
        assertEquals(ExitCode.FAILED.status(), run.status());
        assertTrue(run.err().contains("is an ONNX model, a form that models are written in"), run.err());
    }
}
