package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import ddpm.torch.LibTorch;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every command that computes says of devices that are not there. */
class DeviceTest {
    @TempDir
    private Path folder;

    private Path model;
    private Path picture;

    @BeforeEach
    void makeModelAndPicture() throws IOException {
        model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        picture = Files.createDirectory(folder.resolve("pictures")).resolve("a.png");
        ImageIO.write(new BufferedImage(16, 8, BufferedImage.TYPE_BYTE_GRAY), "png", picture.toFile());
    }

    private List<List<Object>> commands() {
        var data = picture.getParent();
        var out = folder.resolve("out.png");
        return List.of(
                List.of("sample", "--model", model, "--out", out),
                List.of("evaluate", "--model", model, "--data", data),
                List.of("compress", "--model", model, "--data", data, "-n", 1),
                List.of("interpolate", picture, picture, "--model", model, "--out", out),
                List.of(
                        "train",
                        "--data",
                        data,
                        "--out",
                        folder.resolve("run"),
                        "--steps",
                        1,
                        "--batch",
                        1,
                        "--size",
                        "8x16"));
    }

    private static Cli with(List<Object> command, Object... more) {
        var all = new java.util.ArrayList<>(command);
        all.addAll(List.of(more));
        return Cli.run(all.toArray());
    }

    @Test
    void everyCommandRefusesCudaOnALibtorchForCpusInOneLine() {
        assumeFalse(LibTorch.load().isBuiltForCuda(), "this build bundles a libtorch for CUDA");
        for (var command : commands()) {
            var run = with(command, "--device", "cuda:1", "-q");
            assertEquals(ExitCode.NO_DEVICE.status(), run.status(), command + ": " + run.err());
            assertEquals(1, run.err().lines().count(), run.err());
            assertTrue(run.err().startsWith("ddpm: there is no device cuda:1 for libtorch "), run.err());
            assertTrue(run.err().contains("is built for CPUs only; use --libtorch"), run.err());
            assertEquals("", run.out());
        }
        assertFalse(Files.exists(folder.resolve("out.png")));
        assertFalse(Files.exists(folder.resolve("run")));
    }

    @Test
    void whatOnlyCudaHasIsRefusedOnCpus() {
        for (var command : commands()) {
            var run = with(command, "--device", "cpu", "--tf32", "-q");
            assertEquals(ExitCode.NO_DEVICE.status(), run.status(), command + ": " + run.err());
            assertTrue(run.err().contains("--tf32: only cuda has it"), run.err());
        }
        var graphs = with(commands().getFirst(), "--device", "cpu", "--graph-steps", "8", "-q");
        assertEquals(ExitCode.USAGE.status(), graphs.status());
        assertTrue(graphs.err().contains("--graph-steps 8: graphs are CUDA's, and this runs on cpu"), graphs.err());
    }

    /** In a JVM of its own: this one has loaded its libtorch for good. */
    @Test
    void autoAsksThePythonOnPathAndSaysWhatItAnswered() throws Exception {
        var bin = Files.createDirectory(folder.resolve("bin"));
        var python = bin.resolve("python3");
        Files.writeString(python, "#!/bin/sh\necho ddpm-torch=" + folder.resolve("site/torch") + "\n");
        assertTrue(python.toFile().setExecutable(true));
        var process =
                Cli.process(List.of(), List.of("doctor", "--libtorch", "auto")).redirectErrorStream(true);
        process.environment().merge("PATH", bin.toString(), (path, first) -> first + File.pathSeparator + path);
        var started = process.start();
        var said = new String(started.getInputStream().readAllBytes());
        assertEquals(ExitCode.NO_LIBTORCH.status(), started.waitFor(), said);
        assertTrue(said.contains("no libtorch in " + folder.resolve("site/torch")), said);
    }
}
