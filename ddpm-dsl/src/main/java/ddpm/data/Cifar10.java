package ddpm.data;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * CIFAR-10 in its binary version: 32x32 colour pictures of ten classes, in memory. Each record of a batch file is one
 * label and the red, green and blue planes (<a href="https://www.cs.toronto.edu/~kriz/cifar.html">Krizhevsky</a>).
 */
public final class Cifar10 implements ImageSet {
    /** The classes that labels 0 to 9 stand for. */
    public static final List<String> CLASSES =
            List.of("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

    private static final ImageShape STORED = new ImageShape(3, 32, 32);
    private static final int RECORD = 1 + 3 * 32 * 32;
    private static final int MAX_RECORDS_PER_FILE = 10_000;
    private static final String SUBFOLDER = "cifar-10-batches-bin";
    private static final String ARCHIVE = "cifar-10-binary.tar.gz";

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
        if (Files.isRegularFile(path)) {
            return new Cifar10(path, split, shape, readArchive(path, split));
        }
        for (Path folder : List.of(path, path.resolve(SUBFOLDER))) {
            if (names(split).stream().anyMatch(name -> Files.isRegularFile(folder.resolve(name)))) {
                return new Cifar10(folder, split, shape, readFolder(folder, split));
            }
        }
        if (Files.isRegularFile(path.resolve(ARCHIVE))) {
            return new Cifar10(path.resolve(ARCHIVE), split, shape, readArchive(path.resolve(ARCHIVE), split));
        }
        throw new DataException(path + " holds no CIFAR-10 " + split + " images; looked for " + names(split)
                + " there and in " + SUBFOLDER + ", and for " + ARCHIVE
                + (isPythonVersion(path) ? "; it holds the Python version, and the binary version is needed" : ""));
    }

    /** Whether {@code path} is or holds something that {@link #open} reads, complete or not. */
    public static boolean isIn(Path path) {
        if (Files.isRegularFile(path)) {
            String name = path.getFileName().toString();
            return name.endsWith(".tar.gz") || name.endsWith(".tgz");
        }
        return Files.isRegularFile(path.resolve(ARCHIVE))
                || isPythonVersion(path)
                || Stream.of(path, path.resolve(SUBFOLDER))
                        .anyMatch(folder -> Stream.of(Split.values())
                                .flatMap(split -> names(split).stream())
                                .anyMatch(name -> Files.isRegularFile(folder.resolve(name))));
    }

    private static boolean isPythonVersion(Path folder) {
        return Files.isRegularFile(folder.resolve("cifar-10-python.tar.gz"))
                || Files.isDirectory(folder.resolve("cifar-10-batches-py"))
                || Files.isRegularFile(folder.resolve("data_batch_1"));
    }

    private static List<String> names(Split split) {
        return split == Split.TEST
                ? List.of("test_batch.bin")
                : IntStream.rangeClosed(1, 5)
                        .mapToObj(i -> "data_batch_" + i + ".bin")
                        .toList();
    }

    private static List<byte[]> readFolder(Path folder, Split split) throws IOException {
        Map<String, byte[]> found = new TreeMap<>();
        for (String name : names(split)) {
            Path file = folder.resolve(name);
            if (Files.isRegularFile(file)) {
                checkSize(file.toString(), Files.size(file));
                found.put(name, Files.readAllBytes(file));
            }
        }
        return complete(folder, split, found);
    }

    private static List<byte[]> readArchive(Path archive, Split split) throws IOException {
        Map<String, byte[]> found = new TreeMap<>();
        try (InputStream raw = Files.newInputStream(archive);
                InputStream in = new GZIPInputStream(raw, 1 << 16)) {
            var tar = new TarReader(in);
            for (var entry = tar.next();
                    entry != null && found.size() < names(split).size();
                    entry = tar.next()) {
                String name = entry.name().substring(entry.name().lastIndexOf('/') + 1);
                if (name.equals("batches.meta")) {
                    throw new DataException("is the Python version; fetch the binary version, " + ARCHIVE);
                }
                if (entry.isFile() && names(split).contains(name)) {
                    checkSize(archive + ": " + name, entry.size());
                    found.put(name, tar.content(entry));
                }
            }
        } catch (EOFException e) {
            throw new DataException(archive + " is cut short; fetch it again", e);
        } catch (ZipException e) {
            throw new DataException(archive + " is no sound gzip file (" + e.getMessage() + "); fetch it again", e);
        } catch (DataException e) {
            throw e.getMessage().startsWith(archive.toString())
                    ? e
                    : new DataException(archive + " " + e.getMessage(), e);
        }
        return complete(archive, split, found);
    }

    private static void checkSize(String file, long size) throws DataException {
        if (size == 0 || size % RECORD != 0 || size > (long) RECORD * MAX_RECORDS_PER_FILE) {
            throw new DataException(file + " is " + size + " bytes long; a CIFAR-10 batch has 1 to "
                    + MAX_RECORDS_PER_FILE + " records of " + RECORD + " bytes each; fetch it again");
        }
    }

    private static List<byte[]> complete(Path source, Split split, Map<String, byte[]> found) throws DataException {
        List<String> missing =
                names(split).stream().filter(name -> !found.containsKey(name)).toList();
        if (!missing.isEmpty()) {
            throw new DataException(source + " lacks " + missing
                    + "; training on part of CIFAR-10 by accident is refused," + " fetch it again");
        }
        for (var batch : found.entrySet()) {
            for (int at = 0; at < batch.getValue().length; at += RECORD) {
                if ((batch.getValue()[at] & 0xff) >= CLASSES.size()) {
                    throw new DataException(
                            source + ": " + batch.getKey() + " has label " + (batch.getValue()[at] & 0xff)
                                    + " at record " + at / RECORD + ", outside 0 to 9; fetch it again");
                }
            }
        }
        return List.copyOf(found.values());
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
