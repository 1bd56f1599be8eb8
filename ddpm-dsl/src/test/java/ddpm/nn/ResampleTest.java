package ddpm.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import org.junit.jupiter.api.Test;

class ResampleTest {
    /** Of an image of ones, a kernel of ones counts the pixels under it; the rest of it lies on padding. */
    private static float[] pixelsUnderTheKernel(boolean symmetricPadding) {
        try (var params = new Params();
                var _ = TensorScope.open()) {
            var down = Resample.down(params.root(), 1, symmetricPadding);
            params.allocate(Device.CPU, DType.FLOAT32);
            params.all().getFirst().tensor().fill(1);
            return down.forward(Tensor.full(Shape.of(1, 1, 4, 4), 1, DType.FLOAT32, Device.CPU))
                    .toFloats();
        }
    }

    @Test
    void downSamplingPadsRightAndBottomAsThePaperDoes() {
        assertArrayEquals(new float[] {9, 6, 6, 4}, pixelsUnderTheKernel(false));
    }

    @Test
    void symmetricPaddingMovesTheKernelByOnePixel() {
        assertArrayEquals(new float[] {4, 6, 6, 9}, pixelsUnderTheKernel(true));
    }
}
