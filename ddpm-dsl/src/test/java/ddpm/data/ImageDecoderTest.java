package ddpm.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.data.format.BadImageException;
import ddpm.testing.NpyFile;
import java.awt.Color;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {
    private static final Path IMAGES = Path.of("src/test/resources/golden/pil/images");
    private static final ImageDecoder ON_WHITE = new ImageDecoder(Background.WHITE, 1 << 20, () -> {});

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
        int tolerance = name.equals("icc.jpg") || name.equals("cmyk.jpg") ? 1 : 0;
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
        var onColour = new ImageDecoder(new Background(200, 100, 0), 1 << 20, () -> {});
        assertArrayEquals(bytes(200, 100, 100, 50, 0, 0), onColour.decode(png).data());
        assertEquals(
                3, onColour.decode(Files.readAllBytes(IMAGES.resolve("la.png"))).channels());
    }

    @Test
    void colourProfilesAreAppliedAndTransparencySurvivesThem() throws Exception {
        byte[] linear = ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
        for (String name : new String[] {"rgb.png", "rgba.png", "p4.png", "rgba16.png", "rgb.jpg"}) {
            byte[] file = Files.readAllBytes(IMAGES.resolve(name.equals("rgb.jpg") ? "orientation1.jpg" : name));
            byte[] tagged = name.endsWith("jpg") ? withApp2(file, linear) : withIccp(file, linear);
            // On black and white, since converted colours are mixed with the background after their conversion.
            var onBlack = new ImageDecoder(Background.BLACK, 1 << 20, () -> {});
            Pixels black = onBlack.decode(file);
            Pixels white = ON_WHITE.decode(file);
            Pixels converted = onBlack.decode(tagged);
            int checked = 0;
            for (int i = 0; i < black.data().length; i++) {
                if (black.data()[i] == white.data()[i]) { // opaque
                    int stored = black.data()[i] & 0xff;
                    assertEquals(srgb(stored), converted.data()[i] & 0xff, 2, name + " at " + i + ", stored " + stored);
                    checked++;
                }
            }
            assertTrue(checked > 100, name + " has " + checked + " opaque samples");
            Pixels convertedOnWhite = ON_WHITE.decode(tagged);
            int clear = 0;
            for (int i = 0; i < black.data().length; i++) {
                if (black.data()[i] == 0 && white.data()[i] == (byte) 255) {
                    assertEquals(0, converted.data()[i], name + " at " + i);
                    assertEquals((byte) 255, convertedOnWhite.data()[i], name + " at " + i);
                    clear++;
                }
            }
            assertEquals(name.startsWith("rgba"), clear > 0, name + " has " + clear + " transparent samples");
        }
    }

    @Test
    void aProfileThatIsNoneIsIgnored() throws Exception {
        byte[] file = Files.readAllBytes(IMAGES.resolve("rgb.png"));
        byte[] bomb = new byte[5 << 20];
        for (byte[] profile : new byte[][] {new byte[200], bomb}) {
            assertArrayEquals(
                    ON_WHITE.decode(file).data(),
                    ON_WHITE.decode(withIccp(file, profile)).data());
        }
    }

    private static int srgb(int linear) {
        double x = linear / 255.0;
        return (int) Math.round(255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * Math.pow(x, 1 / 2.4) - 0.055));
    }

    private static byte[] withIccp(byte[] png, byte[] profile) throws IOException {
        var chunk = new ByteArrayOutputStream();
        chunk.writeBytes("iCCPname\0\0".getBytes(StandardCharsets.US_ASCII));
        try (var deflated = new DeflaterOutputStream(chunk)) {
            deflated.write(profile);
        }
        var crc = new CRC32();
        crc.update(chunk.toByteArray());
        int afterHeader = 33;
        return ByteBuffer.allocate(png.length + chunk.size() + 8)
                .put(png, 0, afterHeader)
                .putInt(chunk.size() - 4)
                .put(chunk.toByteArray())
                .putInt((int) crc.getValue())
                .put(png, afterHeader, png.length - afterHeader)
                .array();
    }

    private static byte[] withApp2(byte[] jpeg, byte[] profile) {
        byte[] prefix = "ICC_PROFILE\0\1\1".getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(jpeg.length + 4 + prefix.length + profile.length)
                .put(jpeg, 0, 2)
                .putShort((short) 0xffe2)
                .putShort((short) (2 + prefix.length + profile.length))
                .put(prefix)
                .put(profile)
                .put(jpeg, 2, jpeg.length - 2)
                .array();
    }

    @Test
    void interlacedFilesAreRead() throws Exception {
        var image = new BufferedImage(19, 13, BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < 19 * 13; i++) {
            image.setRGB(i % 19, i / 19, i * 7919);
        }
        var out = new ByteArrayOutputStream();
        ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
        var param = writer.getDefaultWriteParam();
        param.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
        try (var stream = ImageIO.createImageOutputStream(out)) {
            writer.setOutput(stream);
            writer.write(null, new IIOImage(image, null, null), param);
        } finally {
            writer.dispose();
        }
        assertEquals(1, out.toByteArray()[28], "interlace method in the header");
        assertArrayEquals(
                ON_WHITE.decode(write(image, "png")).data(),
                ON_WHITE.decode(out.toByteArray()).data());
    }

    @Test
    void aJpegWithAHoleIsRefused() throws Exception {
        byte[] whole = Files.readAllBytes(IMAGES.resolve("orientation1.jpg"));
        byte[] holed = Arrays.copyOf(whole, whole.length - 100);
        holed[holed.length - 2] = (byte) 0xff;
        holed[holed.length - 1] = (byte) 0xd9;
        var error = assertThrows(BadImageException.class, () -> ON_WHITE.decode(holed));
        assertTrue(error.getMessage().contains("premature end"), error.getMessage());
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
    @ValueSource(strings = {"rgb.png", "l.jpg", "prog.jpg", "cmyk.jpg", "p.gif", "rgba.webp", "lossless.webp"})
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
    @ValueSource(strings = {"rgb.png", "l.jpg", "prog.jpg", "p.gif", "rgba.webp", "lossless.webp", "orientation6.jpg"})
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
                                || refused.getMessage().startsWith("cannot be ")
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
        var cramped = new ImageDecoder(Background.WHITE, 1 << 20, () -> {}, 40 * 24 * 14 - 1, Duration.ofSeconds(30));
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
