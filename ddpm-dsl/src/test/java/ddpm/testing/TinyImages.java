package ddpm.testing;

import ddpm.data.ImageSet;
import ddpm.data.ImageShape;

/** Grey 8x8 images with a bright bar whose place and slant follow from the index: enough to learn something from. */
public record TinyImages(int size, int seed) implements ImageSet {
    public TinyImages(int size) {
        this(size, 0);
    }

    @Override
    public ImageShape shape() {
        return ImageShape.square(1, 8);
    }

    @Override
    public void read(int index, byte[] target, int offset) {
        for (int y = 0; y < 8; y++) {
            for (int x = 0; x < 8; x++) {
                boolean bar = (x + (index + seed) % 3 * y + index) % 8 < 3;
                target[offset + 8 * y + x] = (byte) (bar ? 230 : 20);
            }
        }
    }

    @Override
    public String name(int index) {
        return "tiny #" + index;
    }

    @Override
    public String describe() {
        return size + " tiny images";
    }

    @Override
    public String fingerprint() {
        return "%032x".formatted(31L * size + seed);
    }
}
