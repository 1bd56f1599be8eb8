package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.io.Safetensors;
import ddpm.io.StoredTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models with weights that are no numbers: every command that computes says so and fails. */
class NotFiniteTest {
    @TempDir
    Path folder;

    /** The tiny model with a value in the place of the first weight of its second tensor. */
    private Path model(float value) throws IOException {
        var whole = Safetensors.read(Cli.tinyModel(folder.resolve("tiny.safetensors")));
        var tensors = new LinkedHashMap<String, StoredTensor>(whole.tensors());
        var name = new ArrayList<>(tensors.keySet()).get(1);
        var broken = tensors.get(name);
        var bytes = ByteBuffer.allocate(broken.data().remaining()).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(broken.data().duplicate()).flip();
        bytes.putFloat(0, value);
        tensors.put(name, new StoredTensor(broken.dtype(), broken.shape(), bytes));
        var file = folder.resolve("broken.safetensors");
        Safetensors.write(file, tensors, whole.metadata());
        return file;
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void noFigureOfThemIsPrinted(float value) throws IOException {
        var model = model(value);
        var pictures = Cli.threePictures(folder.resolve("pictures"));
        for (var command : List.of(
                "sample",
                "evaluate",
                "evaluate --json",
                "evaluate --bits-per-dim",
                "compress",
                "compress --json",
                "interpolate",
                "sample --share-from 5")) {
            var args = new ArrayList<Object>(List.of(command.split(" ")));
            args.addAll(List.of("--model", model, "-n", 2, "--threads", 1));
            args.addAll(
                    switch (args.getFirst().toString()) {
                        case "sample" -> List.of("-o", folder.resolve("a.png"));
                        case "interpolate" ->
                            List.of(
                                    pictures.resolve("0.png"),
                                    pictures.resolve("1.png"),
                                    "-o",
                                    folder.resolve("a.png"));
                        default -> List.of("--data", pictures);
                    });
            var run = Cli.run(args.toArray());
            assertEquals(ExitCode.FAILED.status(), run.status(), command + ": " + run);
            assertEquals("", run.out(), command);
            assertTrue(run.err().contains(" (1 of "), command + ": " + run);
            assertTrue(run.err().contains("the weights in ") && run.err().contains(" are not finite"), run.err());
        }
        assertFalse(Files.exists(folder.resolve("a.png")));
    }

    @Test
    void aNetworkThatOverflowsWithFiniteWeightsIsNoBrokenFile() throws IOException {
        var run = Cli.run(
                "evaluate",
                "--model",
                model(Float.MAX_VALUE),
                "--data",
                Cli.threePictures(folder.resolve("three")),
                "-q");
        assertEquals(ExitCode.FAILED.status(), run.status(), run.toString());
        assertTrue(run.err().contains("all weights are finite, so the network overflows on the way"), run.err());
    }
}
