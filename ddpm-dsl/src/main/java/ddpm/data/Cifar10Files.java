package ddpm.data;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.StreamCorruptedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * The batch files of one split of CIFAR-10, loose in a folder or in their archive.
 *
 * @param source the folder or the archive
 * @param split which batches
 */
record Cifar10Files(Path source, Split split) {
    private static final int MAX_RECORDS_PER_FILE = 10_000;
    private static final String SUBFOLDER = "cifar-10-batches-bin";
    private static final String ARCHIVE = "cifar-10-binary.tar.gz";

    /** Of the binary version and of Python's. */
    private static final Pattern BATCH =
            Pattern.compile("(data_batch_[1-5]|test_batch)([.]bin)?|batches[.]meta([.]txt)?");

    /** @throws DataException if {@code path} neither is nor holds any of them */
    static Cifar10Files find(Path path, Split split) throws DataException {
        if (Files.isRegularFile(path)) {
            return new Cifar10Files(path, split);
        }
        for (Path folder : List.of(path, path.resolve(SUBFOLDER))) {
            if (names(split).stream().anyMatch(name -> Files.isRegularFile(folder.resolve(name)))) {
                return new Cifar10Files(folder, split);
            }
        }
        if (Files.isRegularFile(path.resolve(ARCHIVE))) {
            return new Cifar10Files(path.resolve(ARCHIVE), split);
        }
        throw new DataException(path + " holds no CIFAR-10 " + split + " images; looked for " + names(split)
                + " there and in " + SUBFOLDER + ", and for " + ARCHIVE
                + (isPythonVersion(path) ? "; it holds the Python version, and the binary version is needed" : ""));
    }

    /** Whether {@code path} is or holds any of them, or the Python version, of which {@link #find} can say so. */
    static boolean isIn(Path path) {
        if (Files.isRegularFile(path)) {
            return isArchive(path);
        }
        return Files.isRegularFile(path.resolve(ARCHIVE))
                || isPythonVersion(path)
                || Stream.of(path, path.resolve(SUBFOLDER))
                        .anyMatch(folder -> Stream.of(Split.values())
                                .flatMap(split -> names(split).stream())
                                .anyMatch(name -> Files.isRegularFile(folder.resolve(name))));
    }

    /** Whether it has the archive's name, or its first file of a kind that is known is a batch and no picture. */
    private static boolean isArchive(Path file) {
        String name = file.getFileName().toString();
        if (name.startsWith("cifar-10-")) {
            return true;
        }
        if (!name.endsWith(".tar.gz") && !name.endsWith(".tgz")) {
            return false;
        }
        try (InputStream raw = Files.newInputStream(file);
                InputStream in = new GZIPInputStream(raw)) {
            var tar = new TarReader(in);
            for (var entry = tar.next(); entry != null; entry = tar.next()) {
                String last = entry.name().substring(entry.name().lastIndexOf('/') + 1);
                if (BATCH.matcher(last).matches() || PictureListing.isPicture(last)) {
                    return !PictureListing.isPicture(last);
                }
            }
            return false;
        } catch (IOException e) {
            return false; // who opens it as an archive of pictures says what is wrong with it
        }
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

    /** All batches in order, each some records of {@link Cifar10#RECORD} bytes with labels 0 to 9. */
    List<byte[]> read() throws IOException {
        return Files.isDirectory(source) ? readFolder() : readArchive();
    }

    private List<byte[]> readFolder() throws IOException {
        Map<String, byte[]> found = new TreeMap<>();
        for (String name : names(split)) {
            Path file = source.resolve(name);
            if (Files.isRegularFile(file)) {
                checkSize(file.toString(), Files.size(file));
                found.put(name, Files.readAllBytes(file));
            }
        }
        return complete(found);
    }

    private List<byte[]> readArchive() throws IOException {
        Map<String, byte[]> found = new TreeMap<>();
        try (InputStream raw = Files.newInputStream(source);
                InputStream in = new GZIPInputStream(raw, 1 << 16)) {
            var tar = new TarReader(in);
            for (var entry = tar.next();
                    entry != null && found.size() < names(split).size();
                    entry = tar.next()) {
                String name = entry.name().substring(entry.name().lastIndexOf('/') + 1);
                if (name.equals("batches.meta")) {
                    throw new DataException(source + " is the Python version; fetch the binary version, " + ARCHIVE);
                }
                if (entry.isFile() && names(split).contains(name)) {
                    checkSize(source + ": " + name, entry.size());
                    found.put(name, tar.content(entry));
                }
            }
        } catch (EOFException e) {
            throw new DataException(source + " is cut short; fetch it again", e);
        } catch (ZipException e) {
            throw new DataException(source + " is no sound gzip file (" + e.getMessage() + "); fetch it again", e);
        } catch (StreamCorruptedException e) {
            throw new DataException(source + " " + e.getMessage() + "; fetch it again", e);
        }
        return complete(found);
    }

    private static void checkSize(String file, long size) throws DataException {
        if (size == 0 || size % Cifar10.RECORD != 0 || size > (long) Cifar10.RECORD * MAX_RECORDS_PER_FILE) {
            throw new DataException(file + " is " + size + " bytes long; a CIFAR-10 batch has 1 to "
                    + MAX_RECORDS_PER_FILE + " records of " + Cifar10.RECORD + " bytes each; fetch it again");
        }
    }

    private List<byte[]> complete(Map<String, byte[]> found) throws DataException {
        List<String> missing =
                names(split).stream().filter(name -> !found.containsKey(name)).toList();
        if (!missing.isEmpty()) {
            throw new DataException(source + " lacks " + missing
                    + "; training on part of CIFAR-10 by accident is refused, fetch it again");
        }
        for (var batch : found.entrySet()) {
            for (int at = 0; at < batch.getValue().length; at += Cifar10.RECORD) {
                if ((batch.getValue()[at] & 0xff) >= Cifar10.CLASSES.size()) {
                    throw new DataException(
                            source + ": " + batch.getKey() + " has label " + (batch.getValue()[at] & 0xff)
                                    + " at record " + at / Cifar10.RECORD + ", outside 0 to 9; fetch it again");
                }
            }
        }
        return List.copyOf(found.values());
    }
}
