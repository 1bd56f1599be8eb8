package ddpm.train;

import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/**
 * One step's examples, or a slice of them: images, timesteps and noise, as arrays so that any thread makes tensors of it.
 *
 * @param images which images of the set
 * @param x0 {@code [n, C, H, W]} in [-1, 1]
 * @param t timesteps {@code [n]}
 * @param epsilon standard normal, like x0
 * @param shape of x0
 */
public record Batch(int[] images, float[] x0, long[] t, float[] epsilon, Shape shape) {
    Tensor x0Tensor() {
        return Tensor.of(x0, shape);
    }

    Tensor tTensor() {
        return Tensor.of(t, Shape.of(t.length));
    }

    Tensor epsilonTensor() {
        return Tensor.of(epsilon, shape);
    }
}
