package ddpm.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * CIFAR-10 in its binary version: 32x32 colour pictures of ten classes, in memory. Each record of a batch file is one
 * label and the red, green and blue planes (<a href="https://www.cs.toronto.edu/~kriz/cifar.html">Krizhevsky</a>).
 */
public final class Cifar10 implements ImageSet {
    /** The classes that labels 0 to 9 stand for. */
    public static final List<String> CLASSES =
            List.of("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

    private static final ImageShape STORED = new ImageShape(3, 32, 32);
    /** Bytes of one picture in a batch file: its label, then 1024 red, 1024 green and 1024 blue ones. */
    static final int RECORD = 1 + 3 * 32 * 32;

    private final Path source;
    private final Split split;
    private final ImageShape shape;
    private final List<byte[]> batches;
    private final int[] starts; // the index of each batch's first image, and at the end the number of images
    private final String fingerprint;

    private Cifar10(Path source, Split split, ImageShape shape, List<byte[]> batches) {
        this.source = source;
        this.split = split;
        this.shape = shape;
        this.batches = List.copyOf(batches);
        this.starts = new int[batches.size() + 1];
        for (int b = 0; b < batches.size(); b++) {
            starts[b + 1] = starts[b] + batches.get(b).length / RECORD;
        }
        var print = new Fingerprint(shape, size());
        batches.forEach(print::add);
        this.fingerprint = print.hex();
    }

    /** The pictures as they are, 3x32x32. See the other {@code open}. */
    public static Cifar10 open(Path path, Split split) throws IOException {
        return open(path, split, STORED);
    }

    /**
     * Reads one split from the batch files in {@code path} or its {@code cifar-10-batches-bin}, or straight from
     * {@code cifar-10-binary.tar.gz}, which {@code path} is or holds.
     *
     * @param shape what {@link #read} gives: resized as torchvision's {@code Resize} does, one channel by luma
     * @throws DataException if files are missing or damaged; names them
     */
    public static Cifar10 open(Path path, Split split, ImageShape shape) throws IOException {
        Objects.requireNonNull(shape, "shape");
        var files = Cifar10Files.find(path, split);
        return new Cifar10(files.source(), split, shape, files.read());
    }

    /** Whether {@code path} is or holds something that {@link #open} reads, complete or not. */
    public static boolean isIn(Path path) {
        return Cifar10Files.isIn(path);
    }

    @Override
    public int size() {
        return starts[starts.length - 1];
    }

    @Override
    public ImageShape shape() {
        return shape;
    }

    @Override
    public void read(int index, byte[] target, int offset) {
        int batch = batch(index);
        Objects.checkFromIndexSize(offset, shape.bytes(), target.length);
        int at = (index - starts[batch]) * RECORD + 1;
        if (shape.equals(STORED)) {
            System.arraycopy(batches.get(batch), at, target, offset, RECORD - 1);
            return;
        }
        byte[] stored = new byte[RECORD - 1];
        System.arraycopy(batches.get(batch), at, stored, 0, stored.length);
        byte[] resized = new Pixels(3, 32, 32, stored)
                .toChannels(shape.channels())
                .resize(shape.height(), shape.width())
                .data();
        System.arraycopy(resized, 0, target, offset, resized.length);
    }

    /** The class that image {@code index} shows, 0 to 9; see {@link #CLASSES}. */
    public int label(int index) {
        int batch = batch(index);
        return batches.get(batch)[(index - starts[batch]) * RECORD];
    }

    @Override
    public boolean hasLabels() {
        return true;
    }

    @Override
    public Labels labels() {
        return new Labels(CLASSES, IntStream.range(0, size()).map(this::label).toArray());
    }

    private int batch(int index) {
        Objects.checkIndex(index, size());
        int batch = 0;
        while (index >= starts[batch + 1]) {
            batch++;
        }
        return batch;
    }

    @Override
    public String name(int index) {
        return "cifar10 " + split + " #" + Objects.checkIndex(index, size());
    }

    @Override
    public String describe() {
        return "cifar10 " + split + ", " + size() + " images of " + shape + " from " + source;
    }

    @Override
    public String fingerprint() {
        return fingerprint;
    }
}
