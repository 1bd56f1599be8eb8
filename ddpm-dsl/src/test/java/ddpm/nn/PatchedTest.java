package ddpm.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PatchedTest {
    /** A network without parameters that gives back its images, so that all that moves pixels is the wrapping. */
    private record Same(int inChannels, int outChannels, List<float[]> seen) implements NetworkConfig {
        @Override
        public Network build(ParamPath path) {
            return Network.of(this, (x, _, _) -> {
                seen.add(x.toFloats());
                return x.copy();
            });
        }

        @Override
        public int sizeMultiple() {
            return 2;
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 2", "2, 1, 4", "2, 3, 4", "3, 2, 6"})
    void theInnerNetworkSeesEachSquareOfPixelsAsChannels(int patch, int channels, int rows) {
        int height = rows * patch;
        int width = 2 * patch;
        var seen = new ArrayList<float[]>();
        int inner = channels * patch * patch;
        var network = new Patched(patch, new Same(inner, inner, seen)).build(new Params().root());
        var pixels = new float[2 * channels * height * width];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = i;
        }
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            var x = Tensor.of(pixels, Shape.of(2, channels, height, width));
            var y = network.forward(x, Tensor.of(new long[] {0}, Shape.of(1)));
            assertEquals(x.shape(), y.shape());
            assertArrayEquals(pixels, y.toFloats());
        }
        var wanted = new float[pixels.length];
        int at = 0;
        for (int image = 0; image < 2; image++) {
            for (int c = 0; c < channels; c++) {
                for (int place = 0; place < patch * patch; place++) {
                    for (int row = place / patch; row < height; row += patch) {
                        for (int column = place % patch; column < width; column += patch) {
                            wanted[at++] = ((image * channels + c) * height + row) * width + column;
                        }
                    }
                }
            }
        }
        assertArrayEquals(wanted, seen.getFirst());
    }

    @Test
    void itsShapeIsThatOfPixels() {
        var patched = Patched.mini(3).withLabels(11).withOutChannels(6);
        assertEquals(3, patched.inChannels());
        assertEquals(6, patched.outChannels());
        assertEquals(11, patched.labels());
        assertEquals(4, patched.sizeMultiple());
        assertTrue(patched.computesIn(DType.BFLOAT16));
        try (var params = new Params()) {
            Patched.mini(1).build(params.root());
            var alone = new Params();
            Patched.mini(1).inner().build(alone.root());
            assertEquals(alone.shapes(), params.shapes(), "the inner network's, under its names");
        }
    }

    @Test
    void whatCannotBeCutIsRefused() {
        var odd = UNetConfig.of(3, 8, List.of(1), 1, List.of(false), 8, 0);
        var wrong = assertThrows(IllegalArgumentException.class, () -> new Patched(2, odd));
        assertTrue(
                wrong.getMessage().contains("multiples of 4 channels, and this network takes 3"), wrong.getMessage());
        for (int patch : new int[] {0, -1, 65, Integer.MAX_VALUE}) {
            assertThrows(IllegalArgumentException.class, () -> new Patched(patch, odd));
        }
        try (var params = new Params();
                var _ = TensorScope.open()) {
            var network = Patched.mini(1).build(params.root());
            params.allocate(Device.CPU, DType.FLOAT32);
            var t = Tensor.of(new long[] {0}, Shape.of(1));
            for (var shape :
                    List.of(Shape.of(1, 1, 6, 8), Shape.of(1, 3, 8, 8), Shape.of(0, 1, 8, 8), Shape.of(8, 8))) {
                var x = Tensor.zeros(shape, DType.FLOAT32, Device.CPU);
                assertThrows(IllegalArgumentException.class, () -> network.forward(x, t), shape.toString());
            }
        }
    }
}
