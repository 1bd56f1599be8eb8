package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.io.Safetensors;
import ddpm.io.StoredTensor;
import ddpm.io.TorchFile;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InfoTest {
    @TempDir
    Path folder;

    private static StoredTensor zeros(DType dtype, long... shape) {
        var sizes = Shape.of(shape);
        return new StoredTensor(dtype, sizes, ByteBuffer.allocate((int) sizes.numel() * dtype.bytes()));
    }

    @Test
    void aModelIsDescribedByItsCard() throws IOException {
        var run = Cli.run("info", Cli.tinyModel(folder.resolve("tiny.safetensors")));
        assertEquals(0, run.status(), run.err());
        assertTrue(run.out().contains("schedule    linear(10, 0.05, 0.5)"), run.out());
        assertTrue(run.out().contains("images      1 x 8 x 16"), run.out());
        assertTrue(run.out().contains("network     UNetMini[channels=1, base=8,"), run.out());
        assertFalse(run.out().contains("no model"), run.out());
    }

    @Test
    void tensorsStandInAlignedColumns() throws IOException {
        var file = folder.resolve("w.safetensors");
        var tensors = new LinkedHashMap<String, StoredTensor>();
        tensors.put("a", zeros(DType.FLOAT16, 2, 3));
        tensors.put("a.longer.name", zeros(DType.INT64));
        Safetensors.write(file, tensors, Map.of("who", "me"));
        var run = Cli.run("info", file);
        assertEquals(0, run.status());
        assertTrue(
                run.out().contains("  a              float16  [2, 3]\n".replace("\n", System.lineSeparator())),
                run.out());
        assertTrue(run.out().contains("  a.longer.name  int64    []"), run.out());
        assertTrue(run.out().contains("  who  me"), run.out());
        assertTrue(run.out().contains("no model  holds 2 tensors, but not those of a model"), run.out());
    }

    @Test
    void jsonHoldsWhatTheTextSays() throws IOException {
        var run = Cli.run("info", "--json", Cli.tinyModel(folder.resolve("tiny.safetensors")));
        Map<String, Object> json = JSON.std.mapFrom(run.out());
        assertEquals("ddpm", json.get("layout"));
        assertEquals(null, json.get("refusal"));
        var model = (Map<?, ?>) json.get("model");
        assertEquals(
                List.of(1, 8, 16, 10),
                List.of(model.get("channels"), model.get("height"), model.get("width"), model.get("steps")));
        assertEquals(
                Map.of("dtype", "float32", "shape", List.of(8, 1, 3, 3)),
                ((Map<?, ?>) json.get("tensors")).get("in_conv.weight"));
        assertEquals(json.get("elements"), json.get("parameters"));
    }

    @Test
    void aModelWithATensorMissingIsSaidToBeNoneWithItsName() throws IOException {
        var whole = Safetensors.read(Cli.tinyModel(folder.resolve("tiny.safetensors")));
        var tensors = new LinkedHashMap<>(whole.tensors());
        tensors.remove("up2.norm1.bias");
        var file = folder.resolve("less.safetensors");
        Safetensors.write(file, tensors, whole.metadata());
        var run = Cli.run("info", file);
        assertEquals(0, run.status());
        assertTrue(run.out().contains("no model    the tensors do not fit the network"), run.out());
        assertTrue(run.out().contains("up2.norm1.bias [8]"), run.out());
    }

    @Test
    void aNameCannotCommandTheTerminal() throws IOException {
        var file = folder.resolve("evil.pt");
        TorchFile.write(file, Map.of("\u001b[2Jgone\r", zeros(DType.BOOL, 1)));
        var run = Cli.run("info", file);
        assertEquals(0, run.status());
        assertTrue(run.out().contains("\\u001b[2Jgone\\u000d  bool"), run.out());
        assertFalse(run.out().contains("\u001b"));
    }

    @Test
    void aDamagedFileIsAnErrorThatSaysWhatIsWrong() throws IOException {
        var good = Files.readAllBytes(Cli.tinyModel(folder.resolve("tiny.safetensors")));
        var cut = Files.write(folder.resolve("cut.safetensors"), Arrays.copyOf(good, good.length / 2));
        var run = Cli.run("info", cut);
        assertEquals(ExitCode.FAILED.status(), run.status());
        assertEquals("", run.out());
        assertTrue(run.err().startsWith("ddpm: " + cut + ": ") && run.err().contains("cut short"), run.err());
    }

    @Test
    void withoutAFileTheBuiltInModelIsMeant() {
        var run = Cli.run("info");
        assertEquals(0, run.status());
        assertTrue(run.out().lines().findFirst().orElse("").matches("file +default-model\\.safetensors"), run.out());
        assertTrue(run.out().contains("parameters") && run.out().contains("schedule"), run.out());
    }
}
