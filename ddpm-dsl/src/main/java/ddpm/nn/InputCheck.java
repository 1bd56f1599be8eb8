package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/** Checks the inputs of a network before its first layer. */
final class InputCheck {
    private InputCheck() {}

    /** @param count how many the network tells apart, 0 for none */
    static void checkLabels(String network, Tensor x, Tensor labels, int count) {
        if (labels == null && count == 0) {
            return;
        }
        if (labels == null || count == 0) {
            throw new IllegalArgumentException(
                    network + (count == 0 ? " takes no labels" : " takes one of " + count + " labels per image")
                            + ", and " + (labels == null ? "none" : labels.shape()) + " came");
        }
        var shape = labels.shape();
        if (labels.dtype() != DType.INT64 || !shape.equals(Shape.of(x.shape().size(0))) && !shape.equals(Shape.of(1))) {
            throw new IllegalArgumentException(network + " takes one label per image, int64 ["
                    + x.shape().size(0) + "], or one for all, [1], not " + labels.describe());
        }
    }

    static void check(String network, Tensor x, Tensor t, int channels, int multiple) {
        var shape = x.shape();
        if (shape.rank() != 4 || shape.size(1) != channels) {
            throw new IllegalArgumentException(network + " takes images [B, " + channels + ", H, W], not " + shape);
        }
        if (shape.size(0) == 0) {
            throw new IllegalArgumentException(network + " takes at least one image, not an empty batch " + shape);
        }
        if (shape.size(2) == 0
                || shape.size(3) == 0
                || shape.size(2) % multiple != 0
                || shape.size(3) % multiple != 0) {
            throw new IllegalArgumentException(network + " takes images whose height and width are multiples of "
                    + multiple + ", not " + shape.size(2) + " x " + shape.size(3));
        }
        if (!t.shape().equals(Shape.of(shape.size(0))) && !t.shape().equals(Shape.of(1))) {
            throw new IllegalArgumentException(network + " takes one timestep per image, [" + shape.size(0)
                    + "], or one for all, [1], not " + t.shape());
        }
    }
}
