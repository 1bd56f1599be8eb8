package ddpm.eval.quality;

import ddpm.data.ImageShape;
import ddpm.torch.Tensor;

/** A network whose features tell images apart. Several threads may call it at once. */
public interface FeatureNetwork extends AutoCloseable {
    /**
     * The features of a batch.
     *
     * @param features {@code [B, D]} float32
     * @param logits {@code [B, K]} float32, the class scores; null if none were asked for
     */
    record Output(Tensor features, Tensor logits) {}

    /**
     * The number D of features of an image.
     *
     * @throws IllegalArgumentException if images of this shape cannot be its input; says which can
     */
    int features(ImageShape shape);

    /** The number K of classes, 0 of a network that tells none. */
    int classes();

    /** The name of the network with its weights and preprocessing: two that are named alike compute equal features. */
    String identity();

    /**
     * Computes features, in the current scope.
     *
     * @param levels {@code [B, C, H, W]} bytes row-major
     * @param logits whether class scores are wanted
     */
    Output of(byte[] levels, int batch, ImageShape shape, boolean logits);

    /** Frees the weights. */
    @Override
    void close();
}
