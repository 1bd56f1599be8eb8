package ddpm.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.data.ArrayImages;
import ddpm.testing.Golden;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Arrays of NumPy: files that it wrote, ours read again, and those that are refused. */
class NpzFileTest {
    private static final String GOOD = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"stats_a.npz", "stats_b_compressed.npz"})
    void numpysFilesAreRead(String name) throws Exception {
        var arrays = NpzFile.read(Golden.path("inception/" + name));
        assertEquals(Shape.of(64), arrays.get("mu").shape());
        assertEquals(Shape.of(64, 64), arrays.get("sigma").shape());
        assertEquals(DType.FLOAT64, arrays.get("sigma").dtype());
        double first = arrays.get("sigma").data().getDouble(0);
        assertTrue(first > 0.001 && first < 1, "a variance: " + first);
    }

    @Test
    void whatIsWrittenIsReadAgain() throws Exception {
        var file = folder.resolve("a.npz");
        for (var shape : new Shape[] {Shape.of(), Shape.of(3), Shape.of(2, 3), Shape.of(0, 4), Shape.of(1, 2, 1, 3)}) {
            var bytes = new byte[(int) shape.numel() * 8];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (31 * i);
            }
            NpzFile.write(file, Map.of("x", new StoredTensor(DType.INT64, shape, ByteBuffer.wrap(bytes))));
            var read = NpzFile.read(file).get("x");
            assertEquals(shape, read.shape());
            var back = new byte[bytes.length];
            read.data().get(back);
            assertArrayEquals(bytes, back);
        }
    }

    private Path npz(String header, byte[] data, boolean compressed) throws Exception {
        var text = (header + "\n").getBytes(StandardCharsets.ISO_8859_1);
        var array = ByteBuffer.allocate(10 + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        array.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}).putShort((short) text.length);
        array.put(text).put(data);
        var out = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(out)) {
            zip.setLevel(compressed ? 9 : 0);
            zip.putNextEntry(new ZipEntry("x.npy"));
            zip.write(array.array());
        }
        var file = folder.resolve("hostile.npz");
        Files.write(file, out.toByteArray());
        return file;
    }

    @Test
    void fortransOrderIsTurned() throws Exception {
        var data = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
        data.putDouble(1).putDouble(3).putDouble(2).putDouble(4);
        var read = NpzFile.read(npz(GOOD.replace("False", "True"), data.array(), true))
                .get("x");
        for (int i = 0; i < 4; i++) {
            assertEquals(i + 1, read.data().getDouble(8 * i));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'descr': '|O', 'fortran_order': False, 'shape': (2, 2), }",
                "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2, 2), }",
                "{'descr': '>f8', 'fortran_order': False, 'shape': (2, 2), }",
                "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }",
                "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999999999), }",
                "{'descr': '<f8', 'fortran_order': False, 'shape': (-2, -2), }",
                "{'descr': '<f8', 'fortran_order': False, 'shape': (__import__('os').getpid(),), }",
                "{}",
                ""
            })
    void otherHeadersAreRefused(String header) throws Exception {
        var file = npz(header, new byte[32], false);
        var e = assertThrows(FileFormatException.class, () -> NpzFile.read(file));
        assertTrue(e.getMessage().contains("array 'x'"), e.getMessage());
    }

    @Test
    void bombsAndOtherFilesAreRefused() throws Exception {
        var bomb = npz(GOOD.replace("(2, 2)", "(8000000,)"), new byte[64_000_000], true);
        assertThrows(FileFormatException.class, () -> NpzFile.read(bomb));
        var text = folder.resolve("text.npz");
        Files.writeString(text, "no zip");
        assertThrows(FileFormatException.class, () -> NpzFile.read(text));
        assertThrows(FileFormatException.class, () -> ArrayImages.open(Golden.path("inception/stats_a.npz")));
    }

    @Test
    void imagesOfGuidedDiffusionAreRead() throws Exception {
        var file = folder.resolve("images.npz");
        var levels = new byte[2 * 4 * 5 * 3];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = (byte) i;
        }
        NpzFile.write(
                file, Map.of("arr_0", new StoredTensor(DType.UINT8, Shape.of(2, 4, 5, 3), ByteBuffer.wrap(levels))));
        var images = ArrayImages.open(file);
        assertEquals(2, images.size());
        assertEquals("3 x 4 x 5", images.channels() + " x " + images.height() + " x " + images.width());
        var image = new byte[60];
        images.read(1, image, 0);
        assertEquals(60, image[0] & 0xff);
        assertEquals(63, image[1] & 0xff, "the next pixel of the first channel");
        assertEquals(61, image[20] & 0xff, "the second channel");
        assertThrows(IndexOutOfBoundsException.class, () -> images.read(2, image, 0));
    }
}
