package ddpm.torch.cpp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.MemoryFormat;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.TorchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CppTensorsTest {
    private TensorScope scope;
    private long before;

    @BeforeAll
    static void bind() {
        CppTensors.ready();
    }

    @BeforeEach
    void open() {
        before = TensorScope.liveTensors();
        scope = TensorScope.open();
    }

    @AfterEach
    void everyHandleIsFreed() {
        scope.close();
        assertEquals(before, TensorScope.liveTensors());
    }

    @Test
    void aWriteOnEitherSideIsReadOnTheOther() {
        var ours = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, Shape.of(2, 3));
        try (var cpp = CppTensors.toCpp(ours);
                var three = new Scalar(3.0f)) {
            cpp.mul_(three); // returns itself
            assertArrayEquals(new float[] {3, 6, 9, 12, 15, 18}, ours.toFloats());
            ours.fill(7);
            try (var sum = cpp.sum()) {
                assertEquals(42, sum.item_float());
            }
        }
    }

    @Test
    void aTensorOfJavaCppIsTheSameMemoryHere() {
        try (var cpp = torch.ones(2, 3)) {
            var ours = CppTensors.fromCpp(cpp);
            assertEquals(Shape.of(2, 3), ours.shape());
            assertEquals(DType.FLOAT32, ours.dtype());
            ours.fill(5);
            try (var sum = cpp.sum()) {
                assertEquals(30, sum.item_float());
            }
        }
    }

    @Test
    void thereAndBackIsOneTensorWithItsGradient() {
        var ours = Tensor.of(new float[] {1, 2}, Shape.of(2)).requiresGrad(true);
        try (var cpp = CppTensors.toCpp(ours)) {
            assertTrue(cpp.requires_grad());
            var back = CppTensors.fromCpp(cpp);
            Ops.sum(back.mul(back)).backward();
            assertArrayEquals(new float[] {2, 4}, ours.grad().toFloats());
            try (var gradient = cpp.grad()) {
                assertArrayEquals(
                        new float[] {2, 4}, CppTensors.fromCpp(gradient).toFloats());
            }
        }
    }

    @Test
    void aGraphMayRunThroughBothSides() {
        var ours = Tensor.of(new float[] {1, 2, 3}, Shape.of(3)).requiresGrad(true);
        try (var cpp = CppTensors.toCpp(ours);
                var exp = cpp.exp()) {
            Ops.sum(CppTensors.fromCpp(exp)).backward();
        }
        assertArrayEquals(
                new float[] {(float) Math.E, (float) Math.exp(2), (float) Math.exp(3)},
                ours.grad().toFloats(),
                1e-5f);
    }

    @Test
    void memoryLivesAsLongAsEitherSide() {
        var ours = Tensor.of(new float[] {1, 2, 3}, Shape.of(3));
        var cpp = CppTensors.toCpp(ours);
        ours.close();
        try (var sum = cpp.sum()) {
            assertEquals(6, sum.item_float());
        }
        var again = CppTensors.fromCpp(cpp);
        cpp.close();
        assertArrayEquals(new float[] {1, 2, 3}, again.toFloats());
    }

    @Test
    void closingBothSidesFreesTheMemory() throws Exception {
        long bytes = 64L << 20;
        long resident = residentBytes();
        for (int i = 0; i < 30; i++) {
            try (var _ = TensorScope.open()) {
                var ours = Tensor.full(Shape.of(bytes / 4), 1, DType.FLOAT32, Device.CPU);
                try (var cpp = CppTensors.toCpp(ours)) {
                    CppTensors.fromCpp(cpp).fill(2);
                }
            }
        }
        assertTrue(residentBytes() - resident < 8 * bytes, "resident memory grew by " + (residentBytes() - resident));
    }

    @Test
    void stridesCrossAsTheyAre() {
        var ours = Tensor.of(floats(24), Shape.of(2, 3, 4)).permute(2, 0, 1).narrow(0, 1, 2);
        assertFalse(ours.isContiguous());
        try (var cpp = CppTensors.toCpp(ours)) {
            assertFalse(cpp.is_contiguous());
            var back = CppTensors.fromCpp(cpp);
            assertArrayEquals(ours.strides(), back.strides());
            assertArrayEquals(ours.toFloats(), back.toFloats());
        }
        var channelsLast = Tensor.empty(Shape.of(1, 2, 3, 4), DType.FLOAT32, Device.CPU, MemoryFormat.CHANNELS_LAST);
        try (var cpp = CppTensors.toCpp(channelsLast)) {
            assertEquals(1, cpp.stride(1));
        }
    }

    @Test
    void scalarsEmptyTensorsAndOtherTypesCross() {
        try (var cpp = CppTensors.toCpp(Tensor.scalar(2.5f))) {
            assertEquals(0, cpp.dim());
            assertEquals(2.5, CppTensors.fromCpp(cpp).item());
        }
        for (var dtype : DType.values()) {
            try (var cpp = CppTensors.toCpp(Tensor.zeros(Shape.of(0, 3), dtype, Device.CPU))) {
                var back = CppTensors.fromCpp(cpp);
                assertEquals(dtype, back.dtype());
                assertEquals(Shape.of(0, 3), back.shape());
            }
        }
    }

    @Test
    void undefinedClosedAndUnsupportedTensorsAreRefused() {
        try (var undefined = new org.bytedeco.pytorch.Tensor()) {
            var e = assertThrows(IllegalArgumentException.class, () -> CppTensors.fromCpp(undefined));
            assertTrue(e.getMessage().contains("undefined"), e.getMessage());
        }
        var closed = torch.ones(2);
        closed.close();
        assertThrows(IllegalArgumentException.class, () -> CppTensors.fromCpp(closed));
        var ours = Tensor.scalar(1);
        ours.close();
        assertThrows(IllegalStateException.class, () -> CppTensors.toCpp(ours));
        assertThrows(NullPointerException.class, () -> CppTensors.toCpp(null));
        assertThrows(NullPointerException.class, () -> CppTensors.fromCpp(null));
        try (var dense = torch.ones(2, 2);
                var sparse = dense.to_sparse();
                var complex = dense.to(torch.ScalarType.ComplexFloat)) {
            var e = assertThrows(TorchException.class, () -> CppTensors.fromCpp(sparse));
            assertTrue(e.getMessage().contains("to_dense"), e.getMessage());
            e = assertThrows(TorchException.class, () -> CppTensors.fromCpp(complex));
            assertTrue(e.getMessage().contains("scalar type"), e.getMessage());
        }
    }

    private static long residentBytes() throws IOException {
        var statm = Path.of("/proc/self/statm");
        assumeTrue(Files.exists(statm), "resident memory is read from /proc, which this system lacks");
        return 4096L * Long.parseLong(Files.readString(statm).split(" ")[1]);
    }

    private static float[] floats(int n) {
        var values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = i;
        }
        return values;
    }
}
