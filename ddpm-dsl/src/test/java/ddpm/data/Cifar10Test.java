package ddpm.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Cifar10Test {
    private static final int RECORD = 3073;

    @TempDir
    Path folder;

    @Test
    void batchesInOrderWithLabelsAndPlanes() throws Exception {
        writeBatches(folder);
        var set = Cifar10.open(folder, Split.TRAIN);
        assertEquals(1 + 2 + 3 + 4 + 5, set.size());
        assertEquals(new ImageShape(3, 32, 32), set.shape());
        byte[] expected = batch(3);
        for (int i = 0; i < 3; i++) { // batch 3 starts at image 1 + 2
            byte[] image = new byte[3072 + 1];
            set.read(3 + i, image, 1);
            assertArrayEquals(
                    Arrays.copyOfRange(expected, i * RECORD + 1, (i + 1) * RECORD), Arrays.copyOfRange(image, 1, 3073));
            assertEquals(expected[i * RECORD], set.label(3 + i));
        }
        assertEquals(Cifar10.CLASSES, set.labels().classes());
        assertEquals(expected[RECORD], set.labels().at(4));
        assertEquals("cifar10 train #14", set.name(14));
        assertThrows(IndexOutOfBoundsException.class, () -> set.read(15, new byte[3072], 0));
        assertEquals(7, Cifar10.open(folder, Split.TEST).size());
    }

    @Test
    void folderSubfolderAndArchiveAreTheSameSet() throws Exception {
        writeBatches(folder.resolve("plain"));
        writeBatches(folder.resolve("sub/cifar-10-batches-bin"));
        Files.createDirectories(folder.resolve("packed"));
        Path archive = folder.resolve("packed/cifar-10-binary.tar.gz");
        Files.write(archive, archive(batches()));
        String plain = Cifar10.open(folder.resolve("plain"), Split.TRAIN).fingerprint();
        assertEquals(plain, Cifar10.open(folder.resolve("sub"), Split.TRAIN).fingerprint());
        assertEquals(plain, Cifar10.open(folder.resolve("packed"), Split.TRAIN).fingerprint());
        assertEquals(plain, Cifar10.open(archive, Split.TRAIN).fingerprint());
        assertNotEquals(plain, Cifar10.open(archive, Split.TEST).fingerprint());
    }

    @Test
    void otherShapesAreResizedAndGreyIsLuma() throws Exception {
        writeBatches(folder);
        var set = Cifar10.open(folder, Split.TEST, new ImageShape(1, 16, 24));
        byte[] image = new byte[16 * 24];
        set.read(2, image, 0);
        byte[] planes = Arrays.copyOfRange(batch(7), 2 * RECORD + 1, 3 * RECORD);
        assertArrayEquals(
                new Pixels(3, 32, 32, planes).toChannels(1).resize(16, 24).data(), image);
    }

    @Test
    void aMissingBatchIsRefusedByName() throws Exception {
        writeBatches(folder);
        Files.delete(folder.resolve("data_batch_4.bin"));
        assertRefused(folder, "lacks [data_batch_4.bin]");
        var some = new TreeMap<>(batches());
        some.remove("data_batch_2.bin");
        Files.write(folder.resolve("some.tar.gz"), archive(some));
        assertRefused(folder.resolve("some.tar.gz"), "lacks [data_batch_2.bin]");
    }

    @Test
    void damagedBatchesAreRefused() throws Exception {
        writeBatches(folder);
        Files.write(folder.resolve("data_batch_2.bin"), new byte[RECORD - 1]);
        assertRefused(folder, "data_batch_2.bin is 3072 bytes long");
        byte[] labelled = batch(2);
        labelled[RECORD] = 10;
        Files.write(folder.resolve("data_batch_2.bin"), labelled);
        assertRefused(folder, "data_batch_2.bin has label 10 at record 1");
    }

    @Test
    void damagedArchivesAreRefused() throws Exception {
        Path file = folder.resolve("cifar-10-binary.tar.gz");
        byte[] whole = archive(batches());
        Files.write(file, Arrays.copyOf(whole, whole.length / 2));
        assertRefused(file, "is cut short");
        Files.writeString(file, "<html>404</html>");
        assertRefused(file, "is no sound gzip file");
        Files.write(file, gzip(new byte[] {1, 2, 3}));
        assertRefused(file, "is cut short");
        byte[] noise = new byte[2048];
        Arrays.fill(noise, (byte) '7');
        Files.write(file, gzip(noise));
        assertRefused(file, "is no tar archive or a damaged one");
        Files.write(file, archive(Map.of("data_batch_1.bin", new byte[5])));
        assertRefused(file, "data_batch_1.bin is 5 bytes long");
    }

    @Test
    void thePythonVersionIsRecognisedAndRefusedWithTheRightFile() throws Exception {
        Files.createDirectories(folder.resolve("cifar-10-batches-py"));
        assertTrue(Cifar10.isIn(folder));
        assertRefused(folder, "the binary version is needed");
        Path python = folder.resolve("cifar-10-python.tar.gz");
        Files.write(python, archive(Map.of("batches.meta", new byte[9])));
        assertRefused(python, "is the Python version; fetch the binary version");
    }

    private static void assertRefused(Path path, String part) {
        var error = assertThrows(DataException.class, () -> Cifar10.open(path, Split.TRAIN));
        assertTrue(
                error.getMessage().contains(part) && error.getMessage().contains(path.toString()), error.getMessage());
    }

    /** {@code number} records, so that every batch is told from the others by its length too. */
    private static byte[] batch(int number) {
        byte[] bytes = new byte[number * RECORD];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = i % RECORD == 0 ? (byte) ((i / RECORD + number) % 10) : (byte) (i * 31 + number);
        }
        return bytes;
    }

    private static Map<String, byte[]> batches() {
        Map<String, byte[]> batches = new TreeMap<>();
        for (int i = 1; i <= 5; i++) {
            batches.put("data_batch_" + i + ".bin", batch(i));
        }
        batches.put("test_batch.bin", batch(7));
        return batches;
    }

    private static void writeBatches(Path folder) throws IOException {
        Files.createDirectories(folder);
        for (var batch : batches().entrySet()) {
            Files.write(folder.resolve(batch.getKey()), batch.getValue());
        }
    }

    /** A ustar archive with a folder entry first and files in falling order, as no reader may count on the order. */
    static byte[] archive(Map<String, byte[]> files) throws IOException {
        var tar = new ByteArrayOutputStream();
        tar.write(header("cifar-10-batches-bin/", 0, '5'));
        for (var file : new TreeMap<>(files).descendingMap().entrySet()) {
            tar.write(header("cifar-10-batches-bin/" + file.getKey(), file.getValue().length, '0'));
            tar.write(Arrays.copyOf(file.getValue(), (file.getValue().length + 511) / 512 * 512));
        }
        tar.write(new byte[1024]);
        return gzip(tar.toByteArray());
    }

    static byte[] header(String name, long size, char type) {
        byte[] header = new byte[512];
        put(header, 0, name);
        put(header, 124, String.format("%011o", size));
        header[156] = (byte) type;
        put(header, 257, "ustar");
        return summed(header);
    }

    /** With its checksum. */
    static byte[] summed(byte[] header) {
        put(header, 148, "        ");
        int sum = 0;
        for (byte value : header) {
            sum += value & 0xff;
        }
        put(header, 148, String.format("%06o", sum));
        header[154] = 0;
        return header;
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        var packed = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(packed)) {
            out.write(bytes);
        }
        return packed.toByteArray();
    }
}
