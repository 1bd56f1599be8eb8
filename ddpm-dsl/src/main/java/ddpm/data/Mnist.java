package ddpm.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * MNIST, or any set in its files (Fashion-MNIST, KMNIST): grey images with labels, in memory.
 *
 * <p>Images are resized to the asked shape as they are read, as torchvision's {@code Resize} does to a PIL image, and
 * repeated over three channels if three are asked for.
 */
public final class Mnist implements ImageSet {
    private final Path file;
    private final Split split;
    private final ImageShape shape;
    private final int size;
    private final int storedBytes;
    private final byte[] images;
    private final byte[] labels; // empty when the folder has no labels
    private final BilinearResize resize;
    private final String fingerprint;

    private Mnist(Path file, Split split, ImageShape shape, IdxFile images, byte[] labels) {
        int[] sizes = images.sizes();
        this.file = file;
        this.split = split;
        this.shape = shape;
        this.size = sizes[0];
        this.storedBytes = sizes[1] * sizes[2];
        this.images = images.data();
        this.labels = labels;
        this.resize = new BilinearResize(sizes[1], sizes[2], shape.height(), shape.width());
        this.fingerprint = new Fingerprint(shape, size)
                .add(sizes[1] + "x" + sizes[2])
                .add(images.data())
                .hex();
    }

    /** The images as they lie in the file: one channel, 28x28 for MNIST itself. See the other {@code open}. */
    public static Mnist open(Path folder, Split split) throws IOException {
        return read(folder, split, null);
    }

    /**
     * Reads one split from {@code folder}, its {@code raw} or its {@code MNIST/raw} (where torchvision puts it). Files
     * may be gzipped or not, and spelt {@code train-images-idx3-ubyte} or {@code train-images.idx3-ubyte}.
     *
     * @param shape what {@link #read} gives; proportions are not kept if they differ from the file's
     * @throws DataException if the files are missing or damaged; names the file
     */
    public static Mnist open(Path folder, Split split, ImageShape shape) throws IOException {
        return read(folder, split, Objects.requireNonNull(shape, "shape"));
    }

    /** Whether {@code folder} holds the images of {@code split} where {@link #open} looks for them. */
    public static boolean isIn(Path folder, Split split) {
        return candidates(folder, split, "images", 3).anyMatch(Files::isRegularFile);
    }

    private static Mnist read(Path folder, Split split, ImageShape shape) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new DataException(
                    folder + " is not a folder; give the folder that holds the MNIST files",
                    new NotDirectoryException(folder.toString()));
        }
        Path file = candidates(folder, split, "images", 3)
                .filter(Files::isRegularFile)
                .findFirst()
                .orElseThrow(
                        () -> new DataException(folder + " holds no MNIST " + split + " images; looked there, in raw"
                                + " and in MNIST/raw for " + prefix(split) + "-images-idx3-ubyte and " + prefix(split)
                                + "-images.idx3-ubyte, each with and without .gz"));
        IdxFile images = IdxFile.read(file, 3);
        int rows = images.sizes()[1];
        int columns = images.sizes()[2];
        if (rows > ImageShape.MAX_SIDE || columns > ImageShape.MAX_SIDE) {
            throw new DataException(file + " holds images of " + rows + "x" + columns + " pixels; the largest side is "
                    + ImageShape.MAX_SIDE);
        }
        byte[] labels = readLabels(folder, split, images.sizes()[0]);
        return new Mnist(file, split, shape == null ? new ImageShape(1, rows, columns) : shape, images, labels);
    }

    private static byte[] readLabels(Path folder, Split split, int images) throws IOException {
        Path file = candidates(folder, split, "labels", 1)
                .filter(Files::isRegularFile)
                .findFirst()
                .orElse(null);
        if (file == null) {
            return new byte[0];
        }
        byte[] labels = IdxFile.read(file, 1).data();
        if (labels.length != images) {
            throw new DataException(file + " has " + labels.length + " labels for " + images
                    + " images; fetch images and labels of the same set");
        }
        return labels;
    }

    private static Stream<Path> candidates(Path folder, Split split, String what, int axes) {
        String stem = prefix(split) + "-" + what;
        return Stream.of(folder, folder.resolve("raw"), folder.resolve("MNIST").resolve("raw"))
                .flatMap(place -> List.of("-", ".").stream()
                        .map(join -> stem + join + "idx" + axes + "-ubyte")
                        .flatMap(name -> Stream.of(place.resolve(name), place.resolve(name + ".gz"))));
    }

    private static String prefix(Split split) {
        return split == Split.TRAIN ? "train" : "t10k";
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
        Objects.checkIndex(index, size);
        Objects.checkFromIndexSize(offset, shape.bytes(), target.length);
        resize.apply(images, index * storedBytes, target, offset);
        int plane = shape.height() * shape.width();
        for (int c = 1; c < shape.channels(); c++) {
            System.arraycopy(target, offset, target, offset + c * plane, plane);
        }
    }

    /** Whether the folder holds labels. */
    @Override
    public boolean hasLabels() {
        return labels.length > 0;
    }

    /**
     * The digit that image {@code index} shows, 0 to 9 (0 to 255 for other sets in MNIST's files).
     *
     * @throws IllegalStateException if the folder holds no labels
     */
    public int label(int index) {
        Objects.checkIndex(index, size);
        if (!hasLabels()) {
            throw new IllegalStateException(missingLabels());
        }
        return labels[index] & 0xff;
    }

    /** Classes {@code 0} to the largest label there is. */
    @Override
    public Labels labels() throws DataException {
        if (!hasLabels()) {
            throw new DataException(missingLabels());
        }
        int[] all = IntStream.range(0, size).map(this::label).toArray();
        int classes = Arrays.stream(all).max().getAsInt() + 1;
        return new Labels(
                IntStream.range(0, classes).mapToObj(Integer::toString).toList(), all);
    }

    private String missingLabels() {
        return "no labels lie beside " + file + "; put " + prefix(split) + "-labels-idx1-ubyte.gz there";
    }

    @Override
    public String name(int index) {
        return "mnist " + split + " #" + Objects.checkIndex(index, size);
    }

    @Override
    public String describe() {
        return "mnist " + split + ", " + size + " images of " + shape + " from " + file;
    }

    @Override
    public String fingerprint() {
        return fingerprint;
    }
}
