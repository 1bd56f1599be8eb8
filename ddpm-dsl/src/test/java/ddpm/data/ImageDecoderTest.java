package ddpm.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.testing.NpyFile;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {
    private static final Path IMAGES = Path.of("src/test/resources/golden/pil/images");
    private static final ImageDecoder ON_WHITE = new ImageDecoder(Background.WHITE, 1 << 20);

    static Stream<String> files() throws IOException {
        try (var files = Files.list(IMAGES)) {
            return files
                    .map(file -> file.getFileName().toString())
                    .filter(name -> !name.endsWith(".npy"))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void everyColourTypeDepthAndOrientationLooksAsInPillow(String name) throws Exception {
        var expected = NpyFile.read(IMAGES.resolve(name + ".npy"));
        Pixels pixels = decode(name).toChannels(3);
        assertArrayEquals(expected.shape(), new long[] {3, pixels.height(), pixels.width()});
        long[] values = expected.longs();
        // Lossy WebP: the decoder does not interpolate colour differences between pixels as Pillow's does.
        int tolerance = name.equals("rgb.webp") ? 8 : name.equals("icc.jpg") || name.equals("cmyk.jpg") ? 1 : 0;
        for (int i = 0; i < values.length; i++) {
            assertEquals(values[i], pixels.data()[i] & 0xff, tolerance, name + " at " + i);
        }
    }

    @Test
    void greyFilesStayOneChannel() throws Exception {
        for (String name : new String[] {"l.jpg", "la.png", "l16.png", "gama.png"}) {
            assertEquals(1, decode(name).channels(), name);
        }
    }

    @Test
    void transparencyShowsTheChosenBackground() throws Exception {
        var clear = new BufferedImage(2, 1, BufferedImage.TYPE_INT_ARGB);
        clear.setRGB(0, 0, 0x00ff0000); // red, and wholly transparent
        clear.setRGB(1, 0, 0x80000000); // black, and half transparent
        byte[] png = write(clear, "png");
        assertArrayEquals(
                bytes(255, 127, 255, 127, 255, 127), ON_WHITE.decode(png).data());
        var onColour = new ImageDecoder(new Background(200, 100, 0), 1 << 20);
        assertArrayEquals(bytes(200, 100, 100, 50, 0, 0), onColour.decode(png).data());
        assertEquals(
                3, onColour.decode(Files.readAllBytes(IMAGES.resolve("la.png"))).channels());
    }

    @Test
    void packedPixelsAreRead() throws Exception {
        var packed = new BufferedImage(3, 2, BufferedImage.TYPE_USHORT_555_RGB);
        packed.setRGB(1, 1, Color.RED.getRGB());
        Pixels pixels = ON_WHITE.decode(write(packed, "bmp"));
        assertArrayEquals(bytes(0, 0, 0, 0, 255, 0), Arrays.copyOf(pixels.data(), 6));
    }

    @Test
    void aGifFrameStandsWhereItsScreenSaysItDoes() throws Exception {
        var frame = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_BINARY);
        byte[] gif = write(frame, "gif"); // two black pixels
        int descriptor = 13 + 6;
        while (gif[descriptor] != 0x2c) {
            descriptor++;
        }
        gif[6] = 4; // the screen becomes 4 wide and 3 high
        gif[8] = 3;
        gif[descriptor + 1] = 1; // the frame moves to left 1, top 2
        gif[descriptor + 3] = 2;
        Pixels pixels = ON_WHITE.decode(gif);
        assertEquals(3, pixels.height());
        assertArrayEquals(
                bytes(255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 255), Arrays.copyOf(pixels.data(), 12));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rgb.png", "l.jpg", "prog.jpg", "cmyk.jpg", "p.gif", "rgb.webp", "lossless.webp"})
    void aFileCutShortIsRefusedAtEveryLength(String name) throws Exception {
        byte[] whole = Files.readAllBytes(IMAGES.resolve(name));
        for (int length = 0; length < whole.length - 1; length += 3) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThrows(BadImageException.class, () -> ON_WHITE.decode(cut), name + " cut at " + cut.length);
        }
    }

    @Test
    void aBitmapCutShortIsRefused() throws Exception {
        byte[] whole = write(new BufferedImage(9, 7, BufferedImage.TYPE_3BYTE_BGR), "bmp");
        var error =
                assertThrows(BadImageException.class, () -> ON_WHITE.decode(Arrays.copyOf(whole, whole.length / 2)));
        assertTrue(error.getMessage().contains("cut short"), error.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"rgb.png", "l.jpg", "prog.jpg", "p.gif", "rgb.webp", "lossless.webp", "orientation6.jpg"})
    void damageIsAPictureOrARefusalAndNothingElse(String name) throws Exception {
        byte[] whole = Files.readAllBytes(IMAGES.resolve(name));
        for (int at = 0; at < whole.length; at++) {
            byte[] damaged = whole.clone();
            damaged[at] ^= (byte) 0xff;
            try {
                ON_WHITE.decode(damaged);
            } catch (BadImageException refused) {
                assertTrue(
                        refused.getMessage().startsWith("is ")
                                || refused.getMessage().startsWith("has "),
                        refused.getMessage());
            }
        }
    }

    @Test
    void aFlippedBitInAPngIsSeen() throws Exception {
        byte[] damaged = Files.readAllBytes(IMAGES.resolve("rgb.png"));
        damaged[60] ^= 1;
        var error = assertThrows(BadImageException.class, () -> ON_WHITE.decode(damaged));
        assertTrue(error.getMessage().contains("checksum"), error.getMessage());
    }

    @Test
    void aDecompressionBombIsRefusedByItsHeader() throws Exception {
        byte[] bomb = Files.readAllBytes(IMAGES.resolve("rgb.png"));
        ByteBuffer.wrap(bomb).putInt(16, 100_000).putInt(20, 100_000);
        var crc = new CRC32();
        crc.update(bomb, 12, 17);
        ByteBuffer.wrap(bomb).putInt(29, (int) crc.getValue());
        var error = assertThrows(BadImageException.class, () -> ON_WHITE.decode(bomb));
        assertEquals(
                "is 100000 pixels wide and 100000 high, 10000000000 pixels in all; the limit is 1048576",
                error.getMessage());
    }

    @Test
    void anImageJavaHasNoMemoryForIsRefusedWithAdvice() throws Exception {
        byte[] file = Files.readAllBytes(IMAGES.resolve("rgb.png"));
        var cramped = new ImageDecoder(Background.WHITE, 1 << 20, 40 * 24 * 14 - 1);
        var error = assertThrows(BadImageException.class, () -> cramped.decode(file));
        assertTrue(error.getMessage().contains("raise -Xmx"), error.getMessage());
    }

    @Test
    void textUnderAnImagesNameIsRefused() {
        var error = assertThrows(BadImageException.class, () -> ON_WHITE.decode("<html>not found</html>".getBytes()));
        assertTrue(error.getMessage().startsWith("is not a PNG"), error.getMessage());
        error = assertThrows(BadImageException.class, () -> ON_WHITE.decode(new byte[0]));
        assertTrue(error.getMessage().contains("0 bytes"), error.getMessage());
    }

    private static Pixels decode(String name) throws IOException {
        return ON_WHITE.decode(Files.readAllBytes(IMAGES.resolve(name)));
    }

    private static byte[] write(BufferedImage image, String format) throws IOException {
        var out = new ByteArrayOutputStream();
        assertTrue(ImageIO.write(image, format, out), "no writer for " + format);
        return out.toByteArray();
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }
}
