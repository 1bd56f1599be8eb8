package ddpm.torch.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.LibTorch;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.TorchException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What everything here says on a libtorch for CPUs: why, in one line, and never a crash. */
class WithoutCudaTest {
    private static final Device CUDA = Device.cuda(0);

    private static LibTorch cpuOnly() {
        var torch = LibTorch.load();
        assumeFalse(torch.isBuiltForCuda(), "this build bundles a libtorch for CUDA");
        return torch;
    }

    @Test
    void theStatusNamesTheLibtorch() {
        var torch = cpuOnly();
        var status = CudaStatus.of(torch);
        assertEquals(CudaStatus.State.BUILT_WITHOUT_CUDA, status.state());
        assertTrue(status.finding().contains(torch.folder().toString()), status.finding());
        assertTrue(status.finding().contains("--libtorch auto"), status.finding());
    }

    @Test
    void everyEntranceRefuses() {
        cpuOnly();
        assertRefuses(() -> Stream.open(CUDA));
        assertRefuses(() -> DeviceMemory.of(CUDA));
        assertRefuses(() -> StepKernels.on(CUDA));
    }

    @Test
    void aTensorThereIsRefusedInOneLine() {
        var torch = cpuOnly();
        try (var _ = TensorScope.open()) {
            var here = Tensor.scalar(1);
            for (Executable call : List.<Executable>of(
                    () -> Tensor.zeros(Shape.of(2), DType.FLOAT32, CUDA),
                    () -> Tensor.empty(Shape.of(2), DType.INT64, CUDA),
                    () -> here.on(CUDA),
                    () -> Ops.call("aten::zeros", new long[] {2}, null, null, CUDA))) {
                var e = assertThrows(TorchException.class, call);
                assertEquals(1, e.getMessage().lines().count(), e.getMessage());
                assertTrue(e.getMessage().contains("no tensor can be on cuda:0"), e.getMessage());
                assertTrue(e.getMessage().contains(torch.folder().toString()), e.getMessage());
            }
        }
    }

    private static void assertRefuses(Executable call) {
        var e = assertThrows(TorchException.class, call);
        assertTrue(e.getMessage().startsWith("CUDA is not there: "), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
    }

    @Test
    void theMissingLibraryIsCalledByItsProductsName() {
        var cases = java.util.Map.of(
                "/x/libtorch_cuda.so: libcudnn.so.9: cannot open shared object file: No such file or directory",
                        "cuDNN 9",
                "/x/libtorch_cuda.so: libcublas.so.13: cannot open shared object file: No such file", "cuBLAS",
                "/x/libc10_cuda.so: libcudart.so.13: cannot open shared object file: No such file",
                        "CUDA's runtime library",
                "/x/libtorch_cuda.so: libnccl.so.2: cannot open shared object file: No such file",
                        "a library that it needs");
        cases.forEach((linker, product) -> {
            var status = CudaStatus.missing(linker);
            assertEquals(CudaStatus.State.LIBRARY_MISSING, status.state());
            assertTrue(status.finding().contains("for want of " + product + ": " + linker), status.finding());
        });
    }
}
