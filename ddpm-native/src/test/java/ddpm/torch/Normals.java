package ddpm.torch;

import java.util.Random;

/** Numbers to test with. */
final class Normals {
    private Normals() {}

    /** Of a standard normal distribution, float32, the same for each number of elements. */
    static Tensor of(long... sizes) {
        var shape = Shape.of(sizes);
        var random = new Random(shape.numel());
        var values = new float[Math.toIntExact(shape.numel())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(values, shape);
    }
}
