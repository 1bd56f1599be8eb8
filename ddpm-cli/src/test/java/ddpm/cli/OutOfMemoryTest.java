package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.TorchException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutOfMemoryTest {
    @TempDir
    Path folder;

    /** What libtorch's allocators say in public reports, and what this library says itself. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to"
                        + " allocate 8589934592 bytes. Error code 12 (Cannot allocate memory)",
                "DefaultCPUAllocator: not enough memory: you tried to allocate 8589934592 bytes.",
                "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.10 GiB",
                "std::bad_alloc",
                "out of memory for an argument of aten::add"
            })
    void whatAllocatorsSayIsUnderstood(String message) {
        assertTrue(SampleRun.meansNoMemory(new TorchException(message)));
    }

    @Test
    void otherFailuresAreNotTakenForIt() {
        assertFalse(SampleRun.meansNoMemory(new TorchException("conv2d: the memory format is not supported")));
    }

    @Test
    void aBatchTooLargeForTheHeapIsAnErrorWithWhatToTry() throws Exception {
        var model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        var process = Cli.process(
                        List.of("-Xmx64m"),
                        List.of(
                                "sample",
                                "--model",
                                model.toString(),
                                "--count",
                                "300000",
                                "--batch",
                                "300000",
                                "--threads",
                                "1",
                                "--quiet",
                                "--out",
                                folder.resolve("out") + "/"))
                .start();
        var err = new String(process.getErrorStream().readAllBytes());
        assertEquals(ExitCode.FAILED.status(), process.waitFor(), err);
        assertTrue(err.startsWith("ddpm: out of memory on cpu with a batch of 300000 images of 1 x 8 x 16;"), err);
        assertTrue(err.contains("try --batch 150000") && err.contains("-Xmx"), err);
        assertEquals(1, err.lines().count(), err);
    }
}
