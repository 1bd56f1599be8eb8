package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ddpm.torch.LibTorch;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
        var all = new ArrayList<>(command);
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

    /** As the natives built for CUDA are where CUDA is not: even their CPU half needs its libraries. */
    @Test
    void aLibtorchForCudaWithoutCudaSaysWhichLibraryIsMissing() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gcc")), "no gcc to make such a libtorch with");
        library("libcudart.so.99", "", List.of());
        library("libc10.so", "", List.of());
        library("libtorch_cpu.so", "int torch_call_dispatcher(void) { return 0; }", List.of("libcudart.so.99"));
        library("libtorch_cuda.so", "", List.of());
        Files.delete(folder.resolve("libcudart.so.99"));
        var run = said(Cli.process(List.of(), List.of("doctor", "--libtorch", folder.toString())));
        assertEquals(ExitCode.NO_LIBTORCH.status(), run.status(), run.out());
        assertTrue(run.out().contains("libcudart.so.99: cannot open shared object file"), run.out());
        assertTrue(
                run.out().contains("install them or let LD_LIBRARY_PATH or CUDA_HOME name where they are"), run.out());
    }

    private void library(String name, String source, List<String> needs) throws Exception {
        var command = new ArrayList<>(List.of("/usr/bin/gcc", "-shared", "-fPIC", "-x", "c", "-", "-x", "none"));
        command.addAll(List.of(
                "-Wl,-soname," + name,
                "-Wl,--no-as-needed",
                "-o",
                folder.resolve(name).toString()));
        needs.forEach(needed -> command.add(folder.resolve(needed).toString()));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var in = process.getOutputStream()) {
            in.write((source + "\n").getBytes());
        }
        var said = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), said);
    }

    /** In a JVM of its own: this one has loaded its libtorch for good. */
    private static Cli said(ProcessBuilder process) throws Exception {
        var started = process.redirectErrorStream(true).start();
        var said = new String(started.getInputStream().readAllBytes());
        return new Cli(started.waitFor(), said, "");
    }

    @Test
    void autoAsksThePythonOnPathAndSaysWhatItAnswered() throws Exception {
        var bin = Files.createDirectory(folder.resolve("bin"));
        var python = bin.resolve("python3");
        Files.writeString(python, "#!/bin/sh\necho ddpm-torch=" + folder.resolve("site/torch") + "\n");
        assertTrue(python.toFile().setExecutable(true));
        var process = Cli.process(List.of(), List.of("doctor", "--libtorch", "auto"));
        process.environment().merge("PATH", bin.toString(), (path, first) -> first + File.pathSeparator + path);
        var run = said(process);
        assertEquals(ExitCode.NO_LIBTORCH.status(), run.status(), run.out());
        assertTrue(run.out().contains("no libtorch in " + folder.resolve("site/torch")), run.out());
    }
}
