package ddpm.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MnistTest {
    private static final Path REAL = Path.of("src/test/resources/mnist");

    @TempDir
    Path folder;

    @Test
    void imagesAndLabelsOfTheRealFiles() throws Exception {
        var mnist = Mnist.open(REAL, Split.TRAIN);
        assertEquals(100, mnist.size());
        assertEquals(new ImageShape(1, 28, 28), mnist.shape());
        int[] labels = new int[10];
        Arrays.setAll(labels, mnist::label);
        assertArrayEquals(new int[] {5, 0, 4, 1, 9, 2, 1, 3, 1, 4}, labels);
        assertEquals("mnist train #17", mnist.name(17));
        assertEquals(20, Mnist.open(REAL, Split.TEST).size());
    }

    @Test
    void classesAreTheDigits() throws Exception {
        var labels = Mnist.open(REAL, Split.TRAIN).labels();
        assertEquals(List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"), labels.classes());
        assertEquals(100, labels.size());
        assertArrayEquals(
                new int[] {5, 0, 4, 1, 9}, IntStream.range(0, 5).map(labels::at).toArray());
    }

    @Test
    void resizedTo32AsTheNotebookDoes() throws Exception {
        var mnist = Mnist.open(REAL, Split.TRAIN, ImageShape.square(1, 32));
        byte[] images = new byte[8 * 1024];
        for (int i = 0; i < 8; i++) {
            mnist.read(i, images, i * 1024);
        }
        assertArrayEquals(Pillow.bytes("mnist_0_to_7_resize_32"), images);
    }

    @Test
    void threeChannelsRepeatTheGreyOne() throws Exception {
        byte[] grey = new byte[1024];
        Mnist.open(REAL, Split.TRAIN, ImageShape.square(1, 32)).read(3, grey, 0);
        byte[] colour = new byte[5 + 3 * 1024];
        Mnist.open(REAL, Split.TRAIN, ImageShape.square(3, 32)).read(3, colour, 5);
        for (int c = 0; c < 3; c++) {
            assertArrayEquals(grey, Arrays.copyOfRange(colour, 5 + c * 1024, 5 + (c + 1) * 1024));
        }
    }

    @Test
    void heightAndWidthAreNotSwapped() throws Exception {
        write("train-images-idx3-ubyte", idx(new int[] {1, 2, 3}, new byte[] {1, 2, 3, 4, 5, 6}));
        var mnist = Mnist.open(folder, Split.TRAIN);
        assertEquals(new ImageShape(1, 2, 3), mnist.shape());
        byte[] mirrored = new byte[6];
        mnist.read(0, View.flip(true), mirrored, 0);
        assertArrayEquals(new byte[] {3, 2, 1, 6, 5, 4}, mirrored);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "train-images-idx3-ubyte",
                "train-images.idx3-ubyte",
                "train-images-idx3-ubyte.gz",
                "train-images.idx3-ubyte.gz",
                "raw/train-images-idx3-ubyte",
                "MNIST/raw/train-images-idx3-ubyte.gz"
            })
    void everyUsualPlaceAndSpellingHoldsTheSameSet(String name) throws Exception {
        byte[] plain;
        try (var in = new GZIPInputStream(Files.newInputStream(REAL.resolve("train-images-idx3-ubyte.gz")))) {
            plain = in.readAllBytes();
        }
        write(name, name.endsWith(".gz") ? gzip(plain) : plain);
        assertTrue(Mnist.isIn(folder, Split.TRAIN));
        assertFalse(Mnist.isIn(folder, Split.TEST));
        var mnist = Mnist.open(folder, Split.TRAIN);
        assertEquals(Mnist.open(REAL, Split.TRAIN).fingerprint(), mnist.fingerprint());
        assertFalse(mnist.hasLabels());
        var error = assertThrows(IllegalStateException.class, () -> mnist.label(0));
        assertEquals(
                error.getMessage(),
                assertThrows(DataException.class, mnist::labels).getMessage());
        assertTrue(error.getMessage().contains("train-labels-idx1-ubyte.gz"), error.getMessage());
    }

    @Test
    void theFingerprintSeesContentAndShape() throws Exception {
        var train = Mnist.open(REAL, Split.TRAIN).fingerprint();
        assertEquals(32, train.length());
        assertNotEquals(train, Mnist.open(REAL, Split.TEST).fingerprint());
        assertNotEquals(
                train, Mnist.open(REAL, Split.TRAIN, ImageShape.square(1, 32)).fingerprint());
    }

    @Test
    void indicesOutsideTheSetAreRefused() throws Exception {
        var mnist = Mnist.open(REAL, Split.TRAIN);
        assertThrows(IndexOutOfBoundsException.class, () -> mnist.read(100, new byte[784], 0));
        assertThrows(IndexOutOfBoundsException.class, () -> mnist.read(0, new byte[784], 1));
        assertThrows(IndexOutOfBoundsException.class, () -> mnist.label(-1));
    }

    @Test
    void aMissingSetSaysWhatWasLookedFor() {
        assertRefused("holds no MNIST test images", "t10k-images-idx3-ubyte", folder.toString());
    }

    @Test
    void aFileShorterOrLongerThanItsHeaderIsRefused() throws Exception {
        byte[] sound = idx(new int[] {2, 2, 2}, new byte[8]);
        for (byte[] bytes : new byte[][] {Arrays.copyOf(sound, 23), Arrays.copyOf(sound, 25)}) {
            write("t10k-images-idx3-ubyte", bytes);
            assertRefused("[2, 2, 2] = 8 bytes", "the file is " + bytes.length + " long");
        }
        Files.delete(folder.resolve("t10k-images-idx3-ubyte"));
        write("t10k-images-idx3-ubyte.gz", gzip(Arrays.copyOf(sound, 23)));
        assertRefused("ends after 7 of the 8 bytes");
        write("t10k-images-idx3-ubyte.gz", gzip(Arrays.copyOf(sound, 25)));
        assertRefused("goes on after the 8 bytes");
        byte[] packed = gzip(sound);
        write("t10k-images-idx3-ubyte.gz", Arrays.copyOf(packed, packed.length - 12));
        assertRefused("is cut short");
        packed[packed.length - 8] ^= 1;
        write("t10k-images-idx3-ubyte.gz", packed);
        assertRefused("not a sound gzip file");
    }

    @Test
    void aHeaderThatPromisesTooMuchIsRefusedBeforeMemoryIsTaken() throws Exception {
        write("t10k-images-idx3-ubyte", idx(new int[] {Integer.MAX_VALUE, 28, 28}, new byte[8]));
        assertRefused("more than the limit");
        write("t10k-images-idx3-ubyte", idx(new int[] {Integer.MAX_VALUE, 1 << 30, 1 << 30}, new byte[8]));
        assertRefused("more bytes than any file holds");
        Files.delete(folder.resolve("t10k-images-idx3-ubyte"));
        write("t10k-images-idx3-ubyte.gz", gzip(idx(new int[] {1000, 1000, 1000}, new byte[8])));
        assertRefused("no gzip file of");
        write("t10k-images-idx3-ubyte.gz", gzip(idx(new int[] {0, 28, 28}, new byte[0])));
        assertRefused("size 0 on axis 0");
    }

    @Test
    void aLabelFileInPlaceOfImagesIsRefused() throws Exception {
        write("t10k-images-idx3-ubyte", idx(new int[] {20}, new byte[20]));
        assertRefused("starts with 0x00000801, not with 0x00000803");
        write("t10k-images-idx3-ubyte", new byte[3]);
        assertRefused("ends inside its header");
    }

    @Test
    void labelsOfAnotherSetAreRefused() throws Exception {
        write("t10k-images-idx3-ubyte", idx(new int[] {2, 1, 1}, new byte[2]));
        write("t10k-labels-idx1-ubyte", idx(new int[] {3}, new byte[3]));
        assertRefused("3 labels for 2 images");
    }

    private void assertRefused(String... parts) {
        var error = assertThrows(DataException.class, () -> Mnist.open(folder, Split.TEST));
        for (String part : parts) {
            assertTrue(error.getMessage().contains(part), error.getMessage());
        }
    }

    private void write(String name, byte[] bytes) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, bytes);
    }

    private static byte[] idx(int[] sizes, byte[] data) {
        var buffer = ByteBuffer.allocate(4 + 4 * sizes.length + data.length).putInt(0x800 | sizes.length);
        for (int size : sizes) {
            buffer.putInt(size);
        }
        return buffer.put(data).array();
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        var packed = new java.io.ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write(bytes);
        }
        return packed.toByteArray();
    }
}
