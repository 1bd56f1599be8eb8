package ddpm.data;

import ddpm.io.FileFormatException;
import ddpm.io.NpzFile;
import ddpm.io.StoredTensor;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.stream.IntStream;

/**
 * Images as one array of bytes, {@code [N, H, W, C]}: in memory, or in an .npz file as guided-diffusion writes it, which holds them
 * as {@code arr_0} and their classes, if they have any, as {@code arr_1}, {@code [N]} int64.
 */
public final class ArrayImages implements ImageSet {
    private static final int MOST_CLASSES = 1 << 16;
    private static final int DIGITS = 10;

    private final String name;
    private final ByteBuffer levels;
    private final int size;
    private final ImageShape shape;
    private final Labels labels;

    private ArrayImages(String name, ByteBuffer levels, int size, ImageShape shape, Labels labels) {
        this.name = name;
        this.levels = levels;
        this.size = size;
        this.shape = shape;
        this.labels = labels;
    }

    /**
     * Images that lie in memory.
     *
     * @param name of all of them, for messages
     * @param levels {@code [N, H, W, C]} row-major; not copied
     * @throws IllegalArgumentException if the array holds no whole number of such images
     */
    public static ArrayImages of(String name, byte[] levels, ImageShape shape) {
        if (levels.length == 0 || levels.length % shape.bytes() != 0) {
            throw new IllegalArgumentException(levels.length + " bytes are no images of " + shape);
        }
        return new ArrayImages(name, ByteBuffer.wrap(levels), levels.length / shape.bytes(), shape, null);
    }

    /**
     * Opens a file.
     *
     * @throws FileFormatException if it has no such array
     */
    public static ArrayImages open(Path file) throws IOException {
        var arrays = NpzFile.read(file);
        var array = arrays.get("arr_0");
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
            int size = Math.toIntExact(shape.size(0));
            return new ArrayImages(file.toString(), array.data(), size, image, labels(file, arrays.get("arr_1"), size));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new FileFormatException(file, "has images of shape " + shape + ": " + e.getMessage(), e);
        }
    }

    private static Labels labels(Path file, StoredTensor stored, int size) throws FileFormatException {
        if (stored == null) {
            return null;
        }
        if (stored.dtype() != DType.INT64 || !stored.shape().equals(Shape.of(size))) {
            throw new FileFormatException(
                    file,
                    "has classes arr_1 of " + stored.dtype() + " " + stored.shape() + "; int64 [" + size
                            + "] are needed, one for each image");
        }
        var labels = new int[size];
        int most = 0;
        for (int i = 0; i < size; i++) {
            long label = stored.data().order(ByteOrder.LITTLE_ENDIAN).getLong(i * Long.BYTES);
            if (label < 0 || label >= MOST_CLASSES) {
                throw new FileFormatException(
                        file,
                        "has class " + label + " of image " + i + " in arr_1; 0.." + (MOST_CLASSES - 1) + " can be");
            }
            labels[i] = (int) label;
            most = Math.max(most, labels[i]);
        }
        return new Labels(
                IntStream.rangeClosed(0, Math.max(most, DIGITS - 1))
                        .mapToObj(Integer::toString)
                        .toList(),
                labels);
    }

    @Override
    public boolean hasLabels() {
        return labels != null;
    }

    /** The classes by number; at least ten, so that few digits are digits still. */
    @Override
    public Labels labels() throws DataException {
        return labels == null ? ImageSet.super.labels() : labels;
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
        return name + " #" + index;
    }

    @Override
    public String describe() {
        return name + ", " + size + " images of " + shape;
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
