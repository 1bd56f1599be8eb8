package ddpm.torch.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import ddpm.torch.natives.NativeLibrary;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The binding of CUDA's runtime, on the real library of an installed toolkit. */
class CudartTest {
    private final Cudart cuda = Toolkit.required().cudart();

    @Test
    void tellsItsRelease() {
        assertTrue(cuda.version() >= 12000 && cuda.version() < 20000, Integer.toString(cuda.version()));
        assertEquals("13.0", Cudart.release(13000));
        assertEquals("12.4", Cudart.release(12040));
    }

    /** Names and texts as CUDA's documentation of cudaError_t has them. */
    @ParameterizedTest
    @CsvSource({
        "1, cudaErrorInvalidValue, invalid argument",
        "2, cudaErrorMemoryAllocation, out of memory",
        "35, cudaErrorInsufficientDriver, CUDA driver version is insufficient for CUDA runtime version",
        "100, cudaErrorNoDevice, no CUDA-capable device is detected",
        "600, cudaErrorNotReady, device not ready",
        "700, cudaErrorIllegalAddress, an illegal memory access was encountered",
        "900, cudaErrorStreamCaptureUnsupported, operation not permitted when stream is capturing",
        "901, cudaErrorStreamCaptureInvalidated, operation failed due to a previous error during capture",
    })
    void errorsHaveTheirNameAndText(int code, String name, String text) {
        assertEquals(name, cuda.errorName(code));
        assertEquals(text, cuda.errorText(code));
        var e = assertThrows(CudaException.class, () -> cuda.check(code, "cudaMalloc"));
        assertEquals("cudaMalloc failed: " + text + " (" + name + ", error " + code + ")", e.getMessage());
        assertEquals(code, e.code());
        assertEquals(name, e.name());
    }

    @Test
    void withoutADriverEveryCallIsARefusalThatNamesIt() {
        assumeFalse(Files.exists(Path.of("/dev/nvidiactl")), "this machine has an NVIDIA driver");
        assertEquals(0, cuda.driverVersion());
        assertRefused("cudaGetDeviceCount", cuda::deviceCount);
        assertRefused("cudaGetDevice", cuda::device);
        assertRefused("cudaMemGetInfo", cuda::memory);
        assertRefused("cudaStreamCreateWithFlags", cuda::createStream);
        assertRefused("cudaEventCreateWithFlags", () -> cuda.createEvent(Cudart.EVENT_DISABLE_TIMING));
        assertRefused("cudaStreamBeginCapture", () -> cuda.beginCapture(0));
        assertRefused("cudaStreamIsCapturing", () -> cuda.captureStatus(0));
    }

    private static void assertRefused(String function, org.junit.jupiter.api.function.Executable call) {
        var e = assertThrows(CudaException.class, call);
        assertTrue(e.code() == Cudart.INSUFFICIENT_DRIVER || e.code() == Cudart.NO_DEVICE, e.getMessage());
        assertTrue(e.getMessage().startsWith(function + " failed: "), e.getMessage());
    }

    @Test
    void withoutADriverTheStatusSaysSo() {
        assumeFalse(Files.exists(Path.of("/dev/nvidiactl")), "this machine has an NVIDIA driver");
        var status = CudaStatus.of(cuda);
        assertEquals(CudaStatus.State.NO_DRIVER, status.state());
        assertTrue(status.finding().contains("no NVIDIA driver"), status.finding());
        assertEquals(1, status.finding().lines().count());
    }

    @Test
    void everyFunctionThatIsCalledIsThere() throws Exception {
        var source = Files.readString(Path.of("src/main/java/ddpm/torch/cuda/Cudart.java"));
        var names = java.util.regex.Pattern.compile("\"(cuda[A-Z]\\w+)\"").matcher(source);
        int seen = 0;
        while (names.find()) {
            // The suffixed ones are those of release 12, whose library had them.
            if (names.group(1).endsWith("_v2") == (cuda.version() < 13000)
                    || !source.contains('"' + names.group(1) + "_v2\"")
                            && !names.group(1).endsWith("_v2")) {
                assertTrue(cuda.has(names.group(1)), names.group(1));
                seen++;
            }
        }
        assertTrue(seen > 20, seen + " functions");
    }

    @Test
    void theOneThatThisProcessHasLoadedIsFound() {
        // Loaded by the field above, under a path that no search by name would find.
        var found = Cudart.ofThisProcess().orElseThrow();
        assertEquals(cuda.version(), found.version());
        assertTrue(NativeLibrary.loaded(java.util.regex.Pattern.compile("libnosuchthing\\.so"))
                .isEmpty());
    }

    @Test
    void aFunctionThatIsMissingIsNamed() {
        var e = assertThrows(
                UnsupportedOperationException.class,
                () -> NativeLibrary.named("libc.so.6").orElseThrow().code("cudaNotYetInvented"));
        assertTrue(e.getMessage().contains("libc.so.6 has no function cudaNotYetInvented"), e.getMessage());
    }
}
