package ddpm.nn;

import static ddpm.testing.Close.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.testing.NotebookRun;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.List;
import org.junit.jupiter.api.Test;

class UNetMiniTest {
    @Test
    void itsOutputIsTheNotebooks() throws Exception {
        try (var model = NotebookRun.initial();
                var _ = TensorScope.open()) {
            var t = Tensor.of(NotebookRun.npy("t").longs(), Shape.of(4));
            var epsilon = model.network().forward(NotebookRun.tensor("x"), t);
            assertWithin(1e-4, NotebookRun.npy("eps").floats(), epsilon.toFloats(), "epsilon");
        }
    }

    @Test
    void mixedPrecisionStaysNearTheNotebook() throws Exception {
        try (var model = NotebookRun.initial();
                var _ = TensorScope.open()) {
            var t = Tensor.of(NotebookRun.npy("t").longs(), Shape.of(4));
            var epsilon = model.network().forward(NotebookRun.tensor("x"), t, null, DType.BFLOAT16);
            assertEquals(DType.FLOAT32, epsilon.dtype());
            // bfloat16 has 8 bits of mantissa, and 13 convolutions follow each other.
            assertWithin(5e-2, NotebookRun.npy("eps").floats(), epsilon.toFloats(), "epsilon in bfloat16");
        }
    }

    @Test
    void itsTimeEmbeddingIsTheNotebooks() throws Exception {
        try (var _ = TensorScope.open()) {
            var t = Tensor.of(new long[] {0, 1, 10, 500, 999}, Shape.of(5));
            // An ulp of a frequency is 6e-5 in its angle at t = 999, and exp differs by that between libraries.
            assertWithin(
                    1e-4,
                    NotebookRun.npy("time_embedding").floats(),
                    UNetTest.sinusoid(128, 0, t).toFloats(),
                    "time embedding");
        }
    }

    @Test
    void itHasTheNotebooksParameters() throws Exception {
        var params = new Params();
        new UNetMini(params.root(), UNetMini.Config.ofChannels(3));
        assertEquals(1_282_051, params.count());
        try (var model = NotebookRun.initial()) {
            assertEquals(model.params().shapes(), params.shapes());
        }
    }

    @Test
    void imagesItCannotTakeAreRefusedByShape() {
        try (var params = new Params()) {
            var network = new UNetMini(params.root(), new UNetMini.Config(3, 8, List.of(1, 1, 1), 8));
            params.allocate(Device.CPU, DType.FLOAT32);
            try (var _ = TensorScope.open()) {
                var two = Tensor.of(new long[] {1, 2}, Shape.of(2));
                refused(network, Tensor.zeros(Shape.of(2, 1, 8, 8), DType.FLOAT32, Device.CPU), two, "[B, 3, H, W]");
                refused(network, Tensor.zeros(Shape.of(2, 3, 8, 6), DType.FLOAT32, Device.CPU), two, "multiples of 4");
                refused(network, Tensor.zeros(Shape.of(0, 3, 8, 8), DType.FLOAT32, Device.CPU), two, "UNetMini");
                refused(
                        network,
                        Tensor.zeros(Shape.of(1, 3, 8, 8), DType.FLOAT32, Device.CPU),
                        two,
                        "one timestep per image");
                refused(network, Tensor.zeros(Shape.of(3, 8, 8), DType.FLOAT32, Device.CPU), two, "[3, 8, 8]");
            }
        }
    }

    private static void refused(Network network, Tensor x, Tensor t, String part) {
        var e = assertThrows(IllegalArgumentException.class, () -> network.forward(x, t));
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }
}
