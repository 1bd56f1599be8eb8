package ddpm.train;

import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import java.util.Arrays;

/**
 * One step's examples, or a slice of them: images, timesteps, noise and labels, as arrays so that any thread makes tensors of it.
 *
 * @param images which images of the set
 * @param x0 {@code [n, C, H, W]} in [-1, 1]
 * @param t timesteps {@code [n]}
 * @param epsilon standard normal, like x0
 * @param shape of x0
 * @param labels {@code [n]}, the null class where a label was left out; empty for an unconditional network
 */
public record Batch(int[] images, float[] x0, long[] t, float[] epsilon, Shape shape, long[] labels) {
    /** A batch for an unconditional network. */
    public Batch(int[] images, float[] x0, long[] t, float[] epsilon, Shape shape) {
        this(images, x0, t, epsilon, shape, new long[0]);
    }

    /** Places {@code from..to-1} of this batch. */
    Batch slice(int from, int to) {
        int perImage = x0.length / t.length;
        return new Batch(
                images.length == 0 ? images : Arrays.copyOfRange(images, from, to),
                Arrays.copyOfRange(x0, from * perImage, to * perImage),
                Arrays.copyOfRange(t, from, to),
                Arrays.copyOfRange(epsilon, from * perImage, to * perImage),
                shape.with(0, to - from),
                labels.length == 0 ? labels : Arrays.copyOfRange(labels, from, to));
    }

    Tensor x0Tensor(Device device) {
        return Tensor.of(x0, shape).on(device);
    }

    Tensor tTensor(Device device) {
        return Tensor.of(t, Shape.of(t.length)).on(device);
    }

    /** Null for none, as networks have it. */
    Tensor labelsTensor(Device device) {
        return labels.length == 0
                ? null
                : Tensor.of(labels, Shape.of(labels.length)).on(device);
    }

    Tensor epsilonTensor(Device device) {
        return Tensor.of(epsilon, shape).on(device);
    }
}
