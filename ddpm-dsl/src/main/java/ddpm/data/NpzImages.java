package ddpm.data;

import ddpm.io.FileFormatException;
import ddpm.io.NpzFile;
import ddpm.torch.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** A batch of images in an .npz file as guided-diffusion writes it: {@code arr_0}, {@code [N, H, W, C]} bytes. */
public final class NpzImages implements ImageSet {
    private final Path file;
    private final ByteBuffer levels;
    private final int size;
    private final ImageShape shape;

    private NpzImages(Path file, ByteBuffer levels, int size, ImageShape shape) {
        this.file = file;
        this.levels = levels;
        this.size = size;
        this.shape = shape;
    }

    /**
     * Opens a file.
     *
     * @throws FileFormatException if it has no such array
     */
    public static NpzImages open(Path file) throws IOException {
        var array = NpzFile.read(file).get("arr_0");
        if (array == null
                || array.dtype() != DType.UINT8
                || array.shape().rank() != 4
                || array.shape().numel() == 0) {
            throw new FileFormatException(
                    file,
                    "has no images: an array arr_0 of bytes [N, H, W, C] is needed, and "
                            + (array == null ? "there is none" : "it is " + array.dtype() + " " + array.shape()));
        }
        var shape = array.shape();
        try {
            var image = new ImageShape(
                    Math.toIntExact(shape.size(3)), Math.toIntExact(shape.size(1)), Math.toIntExact(shape.size(2)));
            return new NpzImages(file, array.data(), Math.toIntExact(shape.size(0)), image);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new FileFormatException(file, "has images of shape " + shape + ": " + e.getMessage(), e);
        }
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public ImageShape shape() {
        return shape;
    }

    @Override
    public void read(int index, byte[] target, int offset) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException("image " + index + " of " + size);
        }
        int channels = shape.channels();
        int plane = shape.height() * shape.width();
        int from = index * shape.bytes();
        for (int at = 0; at < plane; at++) {
            for (int c = 0; c < channels; c++) {
                target[offset + c * plane + at] = levels.get(from + at * channels + c);
            }
        }
    }

    @Override
    public String name(int index) {
        return file + " #" + index;
    }

    @Override
    public String describe() {
        return file + ", " + size + " images of " + shape;
    }

    @Override
    public String fingerprint() {
        var fingerprint = new Fingerprint(shape, size);
        var image = new byte[shape.bytes()];
        for (int i = 0; i < size; i++) {
            read(i, image, 0);
            fingerprint.add(image);
        }
        return fingerprint.hex();
    }
}
