package ddpm.tests.bench;

import ddpm.data.ImageSet;
import ddpm.data.ImageShape;

/** Images of 3 x 32 x 32 that cost nothing to read. */
final class Patterns implements ImageSet {
    private final ImageShape shape = new ImageShape(3, 32, 32);

    @Override
    public int size() {
        return 1000;
    }

    @Override
    public ImageShape shape() {
        return shape;
    }

    @Override
    public void read(int index, byte[] target, int offset) {
        for (int i = 0; i < shape.bytes(); i++) {
            target[offset + i] = (byte) (index + i);
        }
    }

    @Override
    public String name(int index) {
        return "pattern " + index;
    }

    @Override
    public String describe() {
        return "1000 patterns";
    }

    @Override
    public String fingerprint() {
        return "0".repeat(32);
    }
}
