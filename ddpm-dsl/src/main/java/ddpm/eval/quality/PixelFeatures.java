package ddpm.eval.quality;

import ddpm.data.ImageShape;
import ddpm.image.Pixel;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/** The pixels themselves as features, in [-1, 1]: no network, and distances that see colours and places, not things. */
public record PixelFeatures() implements FeatureNetwork {
    @Override
    public int features(ImageShape shape) {
        return shape.bytes();
    }

    @Override
    public int classes() {
        return 0;
    }

    @Override
    public String identity() {
        return "pixels";
    }

    @Override
    public Output of(byte[] levels, int batch, ImageShape shape, boolean logits) {
        var values = new float[batch * shape.bytes()];
        Pixel.values(levels, 0, values, 0, values.length);
        return new Output(Tensor.of(values, Shape.of(batch, shape.bytes())), null);
    }

    @Override
    public void close() {}
}
