package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What happens to handles and memory when libtorch refuses. */
class OpFailureTest {
    private static final int BIG = 16 << 20; // floats: 64 MB
    private static final Path STATM = Path.of("/proc/self/statm");

    private TensorScope scope;
    private long before;

    @BeforeEach
    void open() {
        before = TensorScope.liveTensors();
        scope = TensorScope.open();
    }

    @AfterEach
    void close() {
        scope.close();
        assertEquals(before, TensorScope.liveTensors());
    }

    @Test
    void aShapeThatOnlyLibtorchChecksComesBackWithItsReason() {
        var a = Tensor.zeros(Shape.of(2, 3), DType.FLOAT32, Device.CPU);
        var b = Tensor.zeros(Shape.of(4, 5), DType.FLOAT32, Device.CPU);
        var e = assertThrows(
                TorchException.class,
                () -> new Op("aten::mm").call().tensor(a).tensor(b).one());
        assertTrue(
                e.getMessage().startsWith("aten::mm(float32 [2, 3] cpu, float32 [4, 5] cpu) failed: "), e.getMessage());
        assertTrue(e.getMessage().contains("cannot be multiplied (2x3 and 4x5)"), e.getMessage());
    }

    @Test
    void anUnknownOperatorIsNamed() {
        var x = Tensor.scalar(1);
        var e = assertThrows(
                TorchException.class,
                () -> new Op("aten::no_such_operator").call().tensor(x).one());
        assertTrue(e.getMessage().contains("no_such_operator"), e.getMessage());
        assertTrue(e.getMessage().contains("Could not find schema"), e.getMessage());
    }

    @Test
    void aBackwardPassWithoutLeavesNamesWhatIsMissing() {
        var x = Tensor.scalar(2);
        for (Runnable pass : List.<Runnable>of(() -> x.mul(3).backward(), () -> {
            x.requiresGrad(true);
            try (var _ = GradMode.off()) {
                x.mul(3).backward();
            }
        })) {
            var e = assertThrows(IllegalStateException.class, pass::run);
            assertTrue(e.getMessage().contains("trainable()"), e.getMessage());
            assertTrue(e.getMessage().contains("GradMode.off()"), e.getMessage());
        }
        x.mul(3).backward();
        assertEquals(3, x.grad().item());
    }

    @Test
    void theDispatchersTablesAreLeftOut() {
        assertEquals(
                "Could not run 'aten::x' with arguments from the 'CUDA' backend.",
                Abi.withoutTables(
                        "Could not run 'aten::x' with arguments from the 'CUDA' backend. This could be because"
                                + " the operator doesn't exist for this backend, or so.\n\nCPU: registered at a.cpp:1"));
        assertEquals(
                "Not there.", Abi.withoutTables("Not there.\n\nCPU: registered at a.cpp:1\nMeta: registered at b:2"));
        assertEquals("a plain\n\nreason", Abi.withoutTables("a plain\n\nreason"));
    }

    @Test
    void failingCallsHoldOnToNoMemory() throws IOException {
        failsWithoutLeak(
                x -> () -> new Op("aten::mm").call().tensor(x).tensor(x).one());
        failsWithoutLeak(x -> () -> new Op("aten::conv2d")
                .call()
                .tensor(x)
                .tensor(x)
                .optional(x)
                .integers(1, 1)
                .integers(0, 0)
                .integers(1, 1)
                .integer(1)
                .one());
        failsWithoutLeak(x ->
                () -> new Op("aten::cat").call().tensors(x, x, x).integer(7).one());
        failsWithoutLeak(x -> () -> new Op("aten::pad")
                .call()
                .tensor(x)
                .integers(1, 1, 1, 1)
                .string("no such mode")
                .none()
                .one());
    }

    private interface Call {
        Executable on(Tensor big);
    }

    private static void failsWithoutLeak(Call call) throws IOException {
        assumeTrue(Files.exists(STATM), "resident memory is read from /proc, which this system lacks");
        long first = 0;
        for (int i = 0; i < 12; i++) {
            try (var _ = TensorScope.open()) {
                var big = Tensor.full(Shape.of(BIG), 1, DType.FLOAT32, Device.CPU);
                long live = TensorScope.liveTensors();
                assertThrows(TorchException.class, call.on(big));
                assertEquals(live, TensorScope.liveTensors());
            }
            if (i == 1) {
                first = resident();
            }
        }
        long grown = resident() - first;
        assertTrue(grown < 3L * 4 * BIG, "ten failures of 64 MB each left " + grown + " bytes");
    }

    private static long resident() throws IOException {
        return 4096 * Long.parseLong(Files.readString(STATM).split(" ")[1]);
    }

    @Test
    void aClosedTensorAmongTheArgumentsIsFoundBeforeAnythingIsAllocated() {
        var open = Tensor.zeros(Shape.of(2), DType.FLOAT32, Device.CPU);
        var closed = Tensor.zeros(Shape.of(2), DType.FLOAT32, Device.CPU);
        closed.close();
        long live = TensorScope.liveTensors();
        assertThrows(IllegalStateException.class, () -> Ops.cat(0, open, closed, open));
        assertThrows(IllegalStateException.class, () -> open.add(closed));
        assertThrows(IllegalStateException.class, () -> Ops.mseLoss(open, closed));
        assertEquals(live, TensorScope.liveTensors());
        assertEquals(4, Ops.cat(0, open, open).shape().numel(), "the next call is not disturbed");
    }

    @Test
    void memoryThatThereIsNotIsAnExceptionThatNamesTheShape() {
        var e = assertThrows(TorchException.class, () -> Tensor.empty(Shape.of(1L << 60), DType.UINT8, Device.CPU));
        assertTrue(e.getMessage().contains("1152921504606846976"), e.getMessage());
        assertTrue(e.getMessage().contains("memory"), e.getMessage());
        var small = Tensor.zeros(Shape.of(1, 1, 1, 1), DType.FLOAT32, Device.CPU);
        assertThrows(TorchException.class, () -> Ops.upsampleNearest2d(small, 1 << 28));
        assertThrows(TorchException.class, () -> Ops.padZeros(small, 1 << 30, 0, 1 << 28, 0));
    }
}
