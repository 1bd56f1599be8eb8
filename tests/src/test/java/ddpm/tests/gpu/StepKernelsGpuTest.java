package ddpm.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ddpm.diffusion.Noise;
import ddpm.diffusion.Noise.Domain;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.cuda.StepKernels;
import ddpm.torch.cuda.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("gpu")
class StepKernelsGpuTest {
    private static Device device;

    @BeforeAll
    static void gpu() {
        device = Gpu.require();
    }

    /** Bits, though 2 ulp were allowed: the kernel's arithmetic is fixed by IEEE 754. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, 1, 3072, INITIAL",
        "7, 13, 999, 16, 3072, REVERSE",
        "-1, 72057594037927900, 2147483647, 5, 17, EVAL",
        "81985529216486895, 4294967295, 1, 256, 3072, REVERSE", // more Philox blocks than one grid has threads
    })
    void theDevicesNormalsAreJavasBitForBit(
            long seed, long firstImage, int step, int images, int perImage, Domain domain) {
        try (var stream = Stream.open(device);
                var _ = stream.use();
                var _ = TensorScope.open()) {
            var out = Tensor.zeros(Shape.of(images, perImage), DType.FLOAT32, device);
            var counter = Tensor.of(new long[] {step}, Shape.of(1)).on(device);
            StepKernels.on(device).normals(out, counter, seed, firstImage, domain.code());
            var actual = out.toFloats();
            var expected = new float[images * perImage];
            for (int image = 0; image < images; image++) {
                Noise.seed(seed).normals(domain, firstImage + image, step, expected, image * perImage, perImage);
            }
            assertArrayEquals(expected, actual);
        }
    }

    @Test
    void aCounterGoesDownByOneAtEachLaunch() {
        try (var stream = Stream.open(device);
                var _ = stream.use();
                var _ = TensorScope.open()) {
            var counter = Tensor.of(new long[] {2}, Shape.of(1)).on(device);
            for (long expected : new long[] {1, 0, -1}) {
                StepKernels.on(device).stepDown(counter);
                assertEquals(expected, counter.toLongs()[0]);
            }
        }
    }
}
