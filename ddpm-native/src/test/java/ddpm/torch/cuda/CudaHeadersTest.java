package ddpm.torch.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The numbers and layouts that the binding repeats, against the headers of an installed toolkit. */
class CudaHeadersTest {
    @Test
    void enumeratorsHaveTheHeadersValues() throws IOException {
        var header = Toolkit.required().header("driver_types.h");
        var ours = Map.of(
                "cudaErrorInsufficientDriver", Cudart.INSUFFICIENT_DRIVER,
                "cudaErrorNoDevice", Cudart.NO_DEVICE,
                "cudaErrorNotReady", Cudart.NOT_READY,
                "cudaStreamCaptureModeThreadLocal", Cudart.CAPTURE_THREAD_LOCAL,
                "cudaStreamCaptureStatusActive", Cudart.CAPTURE_ACTIVE,
                "cudaGraphNodeTypeConditional", Cudart.NODE_CONDITIONAL,
                "cudaGraphCondTypeWhile", Cudart.CONDITION_WHILE,
                "cudaGraphCondAssignDefault", Cudart.CONDITION_ASSIGN_DEFAULT,
                "cudaDevAttrComputeCapabilityMajor", Cudart.COMPUTE_CAPABILITY_MAJOR,
                "cudaDevAttrComputeCapabilityMinor", Cudart.COMPUTE_CAPABILITY_MINOR);
        ours.forEach((name, value) -> {
            var matcher = Pattern.compile("\\b" + name + "\\s*=\\s*(0x[0-9a-fA-F]+|\\d+)")
                    .matcher(header);
            assertTrue(matcher.find(), name + " is in no enum");
            assertEquals(Integer.decode(matcher.group(1)), value, name);
        });
    }

    @Test
    void flagsHaveTheHeadersValues() throws IOException {
        var header = Toolkit.required().header("driver_types.h");
        var flags = Map.of(
                "cudaStreamNonBlocking", Cudart.STREAM_NON_BLOCKING,
                "cudaEventBlockingSync", Cudart.EVENT_BLOCKING_SYNC,
                "cudaEventDisableTiming", Cudart.EVENT_DISABLE_TIMING);
        flags.forEach((name, ours) -> {
            var matcher = Pattern.compile("#define\\s+" + name + "\\s+(0x[0-9a-fA-F]+|\\d+)")
                    .matcher(header);
            assertTrue(matcher.find(), name);
            assertEquals(Integer.decode(matcher.group(1)), ours, name);
        });
    }

    /** A C compiler's word on struct cudaGraphNodeParams and how large cudaDeviceProp is. */
    @Test
    void structsLieAsTheCompilerLaysThem(@TempDir Path folder) throws Exception {
        var toolkit = Toolkit.required();
        toolkit.header("driver_types.h");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gcc")), "no gcc to ask");
        var source = folder.resolve("layout.c");
        Files.writeString(source, """
                #include <stddef.h>
                #include <stdio.h>
                #include <driver_types.h>
                int main(void) {
                    printf("%zu %zu %zu %zu %zu %zu %zu\\n", sizeof(struct cudaGraphNodeParams),
                           offsetof(struct cudaGraphNodeParams, conditional.handle),
                           offsetof(struct cudaGraphNodeParams, conditional.type),
                           offsetof(struct cudaGraphNodeParams, conditional.size),
                           offsetof(struct cudaGraphNodeParams, conditional.phGraph_out),
                           offsetof(struct cudaDeviceProp, name),
                           sizeof(struct cudaDeviceProp));
                    return 0;
                }
                """);
        var program = folder.resolve("layout");
        run("/usr/bin/gcc", "-I" + toolkit.folder().resolve("include"), source.toString(), "-o", program.toString());
        var said = run(program.toString()).split(" ");
        assertEquals(Cudart.NODE_PARAMS_BYTES, Integer.parseInt(said[0]));
        assertEquals(Cudart.NODE_PARAMS_HANDLE, Integer.parseInt(said[1]));
        assertEquals(Cudart.NODE_PARAMS_CONDITION, Integer.parseInt(said[2]));
        assertEquals(Cudart.NODE_PARAMS_SIZE, Integer.parseInt(said[3]));
        assertEquals(Cudart.NODE_PARAMS_BODIES, Integer.parseInt(said[4]));
        assertEquals(0, Integer.parseInt(said[5]));
        assertTrue(Integer.parseInt(said[6]) <= Cudart.DEVICE_PROPERTIES_BYTES, said[6]);
    }

    private static String run(String... command) throws Exception {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes()).strip();
        assertEquals(0, process.waitFor(), said);
        return said;
    }
}
