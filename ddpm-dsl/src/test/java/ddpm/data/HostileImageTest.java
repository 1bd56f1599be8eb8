package ddpm.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.data.format.BadImageException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Image files that are made to cost more than they are worth, and metadata that is not what it says. */
class HostileImageTest {
    private static final Path HOSTILE = Path.of("src/test/resources/hostile");
    private static final Path CODECS = Path.of("src/test/resources/golden/codecs");

    private final AtomicInteger ignored = new AtomicInteger();
    private final ImageDecoder decoder = new ImageDecoder(Background.WHITE, 64 << 20, ignored::incrementAndGet);

    /** The sizes that these profiles claim are 2 GB; the other profiles are random bytes, or grey ones of colour images. */
    @ParameterizedTest
    @CsvSource({
        "icc_size.jpg, true",
        "iccgarb.png, true",
        "rgb_grayicc.jpg, true",
        "rgb_grayicc.png, true",
        "garbage.webp, true",
        "greyprofile.webp, true",
        "linear128.png, false"
    })
    void metadataThatIsBrokenIsCountedAndNotHeeded(String name, boolean broken) throws Exception {
        assertTrue(decoder.decode(read(name)).data().length > 0);
        assertEquals(broken ? 1 : 0, ignored.get());
    }

    @Test
    void aBrokenProfileChangesNoPixelInAnyFormat() throws Exception {
        for (var name : new String[] {"pil-RGB.png", "pil-L.png", "default.jpg", "grey.jpg", "lossless-m4.webp"}) {
            var file = Files.readAllBytes(CODECS.resolve(name));
            var profiled = name.endsWith("png")
                    ? withPngProfile(file)
                    : name.endsWith("jpg") ? withJpegProfile(file) : withWebpProfile(file);
            assertArrayEquals(
                    decoder.decode(file).data(), decoder.decode(profiled).data(), name);
        }
        assertEquals(5, ignored.get());
    }

    @Test
    void aGreyProfileOfGammaOneBrightensTheMiddle() throws Exception {
        var pixels = decoder.decode(read("linear128.png"));
        assertEquals(1, pixels.channels());
        for (byte level : pixels.data()) {
            assertTrue((level & 0xff) == 187 || (level & 0xff) == 188, "128 became " + (level & 0xff));
        }
    }

    @ParameterizedTest
    @CsvSource({"icc_size.webp, is ", "slow.webp, cannot be decoded"})
    void smallFilesAreRefusedAtOnce(String name, String reason) throws Exception {
        var file = read(name);
        var refused = assertThrows(BadImageException.class, () -> decoder.decode(file));
        assertTrue(refused.getMessage().startsWith(reason), refused.getMessage());
    }

    @Test
    void aJpegOfHundredsOfScansIsRefused() throws Exception {
        var file = Files.readAllBytes(CODECS.resolve("progressive.jpg"));
        int last = file.length - 2;
        while (file[last] != (byte) 0xff || file[last + 1] != (byte) 0xda) {
            last--;
        }
        var many = new ByteArrayOutputStream();
        many.write(file, 0, last);
        for (int i = 0; i < 500; i++) {
            many.write(file, last, file.length - 2 - last);
        }
        many.write(file, file.length - 2, 2);
        var refused = assertThrows(BadImageException.class, () -> decoder.decode(many.toByteArray()));
        assertTrue(refused.getMessage().startsWith("has more than 64 scans"), refused.getMessage());
    }

    /** 4230 x 4230 pixels of 8 bytes in 139 kB take 251 MB, of a heap of 256 MB too much. */
    @Test
    void aLargePngIsRefusedByTheHeapItNeeds() throws Exception {
        var png = blank(4230, 16, 6);
        var small =
                new ImageDecoder(Background.WHITE, 64 << 20, () -> {}, (256L << 20) / 4 * 3, Duration.ofSeconds(30));
        var refused = assertThrows(BadImageException.class, () -> small.decode(png));
        assertTrue(refused.getMessage().endsWith("more than Java may use for it (192 MiB); raise -Xmx"));
    }

    @Test
    void aBlankPictureOfEightThousandPixelsSquareIsABomb() throws Exception {
        var png = blank(8000, 1, 0);
        var refused = assertThrows(BadImageException.class, () -> decoder.decode(png));
        assertTrue(refused.getMessage().contains("so it is blank or a bomb"), refused.getMessage());
        assertEquals(2000, decoder.decode(blank(2000, 1, 0)).width());
    }

    /** A reader of others' that never ends, or ends in an error: told by the first byte after the magic. */
    @ParameterizedTest
    @CsvSource({
        "hang, is not decoded after 0 s; write it again",
        "spin, is not decoded after 0 s; write it again",
        "error, cannot be decoded: 'StackOverflowError'",
        "memory, takes more memory to decode than Java may use; raise -Xmx"
    })
    void whatReadersDoWrongIsTheirFilesFaultAlone(String fault, String reason) throws Exception {
        var provider = new Faulty();
        var registry = IIORegistry.getDefaultInstance();
        registry.registerServiceProvider(provider);
        registry.getServiceProviders(ImageReaderSpi.class, other -> other != provider, false)
                .forEachRemaining(other -> registry.setOrdering(ImageReaderSpi.class, provider, other));
        try {
            var impatient = new ImageDecoder(Background.WHITE, 1 << 20, () -> {}, 1 << 30, Duration.ofMillis(300));
            var file = ("BM!" + fault + "            ").getBytes(StandardCharsets.US_ASCII);
            var refused = assertThrows(BadImageException.class, () -> impatient.decode(file));
            assertEquals(reason, refused.getMessage());
        } finally {
            provider.over = true;
            registry.deregisterServiceProvider(provider);
        }
    }

    private static byte[] read(String name) throws IOException {
        return Files.readAllBytes(HOSTILE.resolve(name));
    }

    private static byte[] withPngProfile(byte[] png) {
        return insert(png, 33, chunk("iCCP", "x\0\0garbage".getBytes(StandardCharsets.US_ASCII)));
    }

    private static byte[] withJpegProfile(byte[] jpeg) {
        var text = "ICC_PROFILE\0\1\1garbage".getBytes(StandardCharsets.US_ASCII);
        var segment =
                ByteBuffer.allocate(4 + text.length).putShort((short) 0xffe2).putShort((short) (2 + text.length));
        return insert(jpeg, 2, segment.put(text).array());
    }

    private static byte[] withWebpProfile(byte[] webp) {
        var file = ByteBuffer.wrap(insert(webp, 12, new byte[] {'I', 'C', 'C', 'P', 4, 0, 0, 0, 1, 2, 3, 4}));
        file.order(ByteOrder.LITTLE_ENDIAN).putInt(4, file.limit() - 8);
        return file.array();
    }

    private static byte[] insert(byte[] file, int at, byte[] more) {
        return ByteBuffer.allocate(file.length + more.length)
                .put(file, 0, at)
                .put(more)
                .put(file, at, file.length - at)
                .array();
    }

    private static byte[] chunk(String type, byte[] data) {
        var chunk = ByteBuffer.allocate(12 + data.length).putInt(data.length);
        chunk.put(type.getBytes(StandardCharsets.US_ASCII)).put(data);
        var crc = new CRC32();
        crc.update(chunk.array(), 4, 4 + data.length);
        return chunk.putInt((int) crc.getValue()).array();
    }

    private static byte[] blank(int side, int bits, int colourType) throws IOException {
        var png = new ByteArrayOutputStream();
        png.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
        var header = ByteBuffer.allocate(13)
                .putInt(side)
                .putInt(side)
                .put((byte) bits)
                .put((byte) colourType);
        png.write(chunk("IHDR", header.array()));
        var pixels = new ByteArrayOutputStream();
        try (var deflated = new DeflaterOutputStream(pixels)) {
            var row = new byte[1 + (side * bits * (colourType == 6 ? 4 : 1) + 7) / 8];
            for (int y = 0; y < side; y++) {
                deflated.write(row);
            }
        }
        png.write(chunk("IDAT", pixels.toByteArray()));
        png.write(chunk("IEND", new byte[0]));
        return png.toByteArray();
    }

    private static final class Faulty extends ImageReaderSpi {
        private volatile boolean over;

        Faulty() {
            super(
                    "test",
                    "1",
                    new String[] {"faulty"},
                    null,
                    null,
                    FaultyReader.class.getName(),
                    new Class<?>[] {ImageInputStream.class},
                    null,
                    false,
                    null,
                    null,
                    null,
                    null,
                    false,
                    null,
                    null,
                    null,
                    null);
        }

        @Override
        public boolean canDecodeInput(Object source) throws IOException {
            var stream = (ImageInputStream) source;
            stream.mark();
            var magic = new byte[3];
            stream.readFully(magic);
            stream.reset();
            return magic[0] == 'B' && magic[1] == 'M' && magic[2] == '!';
        }

        @Override
        public ImageReader createReaderInstance(Object extension) {
            return new FaultyReader(this);
        }

        @Override
        public String getDescription(Locale locale) {
            return "faulty";
        }
    }

    private static final class FaultyReader extends ImageReader {
        FaultyReader(Faulty provider) {
            super(provider);
        }

        @Override
        public BufferedImage read(int index, ImageReadParam param) throws IOException {
            var stream = (ImageInputStream) input;
            stream.seek(3);
            var over = (Faulty) originatingProvider;
            switch (stream.read()) {
                case 'h' -> {
                    while (true) {
                        stream.seek(0);
                        stream.read();
                    }
                }
                case 's' -> {
                    while (!over.over) {
                        Thread.onSpinWait();
                    }
                }
                case 'e' -> throw new StackOverflowError();
                default -> throw new OutOfMemoryError("Java heap space");
            }
            return null;
        }

        @Override
        public int getNumImages(boolean allowSearch) {
            return 1;
        }

        @Override
        public int getWidth(int index) {
            return 8;
        }

        @Override
        public int getHeight(int index) {
            return 8;
        }

        @Override
        public Iterator<ImageTypeSpecifier> getImageTypes(int index) {
            return null;
        }

        @Override
        public IIOMetadata getStreamMetadata() {
            return null;
        }

        @Override
        public IIOMetadata getImageMetadata(int index) {
            return null;
        }
    }
}
