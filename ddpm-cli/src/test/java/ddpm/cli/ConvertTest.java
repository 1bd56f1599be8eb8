package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.io.ModelLayout;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFiles;
import ddpm.torch.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
        assertEquals(1000, ModelLayout.of(file).card(file).schedule().steps());
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
        for (var out : List.of("a.onnx", "a", "folder/")) {
            var run = Cli.run("convert", ours, folder + "/" + out);
            assertEquals(ExitCode.USAGE.status(), run.status());
            assertTrue(run.err().contains("end a file's name in .safetensors or .pt or .pth"), run.err());
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
}
