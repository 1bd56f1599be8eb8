package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Images in bfloat16 normalised with float32 weights: whichever way it goes, the float32 result rounded. */
class MixedGroupNormTest {
    @ParameterizedTest(name = "{0} channels in {1} groups, {2} x {2}")
    @CsvSource({"32, 8, 16", "32, 8, 32", "64, 4, 16", "96, 32, 4", "128, 8, 8", "64, 32, 31", "64, 32, 32"})
    void itIsTheFloat32ResultRounded(int channels, int groups, int side) {
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            var x = Normals.of(2, channels, side, side)
                    .contiguous(MemoryFormat.CHANNELS_LAST)
                    .to(DType.BFLOAT16);
            var weight = Normals.of(channels);
            var bias = weight.mul(-0.5);
            var mixed = Ops.groupNorm(x, groups, weight, bias, 1e-5);
            assertEquals(DType.BFLOAT16, mixed.dtype());
            var exact = Ops.groupNorm(x.to(DType.FLOAT32), groups, weight, bias, 1e-5);
            // Values to 16, of which bfloat16 keeps 8 bits: half a step is 1/32.
            assertArrayEquals(exact.toFloats(), mixed.to(DType.FLOAT32).toFloats(), 1f / 31);
        }
    }
}
