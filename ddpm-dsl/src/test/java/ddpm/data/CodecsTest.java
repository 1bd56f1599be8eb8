package ddpm.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.data.format.BadImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What encoders write at their defaults, against what the formats' own libraries decode; see make.sh beside the files. */
class CodecsTest {
    private static final Path FILES = Path.of("src/test/resources/golden/codecs");
    private static final String REFERENCE = ".ref.png";
    private static final double EXACT = Double.POSITIVE_INFINITY;

    /** ImageMagick mixes with the background in steps of 1/65535, rounded once more: a level of 255 apart. */
    private static final double MIXED = 54;

    /** PSNR in decibels where it is not exact. */
    private static final Map<String, Double> AT_LEAST = Map.ofEntries(
            Map.entry("im-a.tif", MIXED),
            Map.entry("im-a16.png", MIXED),
            Map.entry("im-ainterlaced.png", MIXED),
            Map.entry("lossless-alpha.webp", MIXED),
            Map.entry("lossless-exact.webp", MIXED),
            Map.entry("near.webp", MIXED),
            // Pillow writes 8-bit colours as multiples of 256, where white is 65535.
            Map.entry("pil-P.tif", 49.0),
            // Colour halved in height alone: libjpeg-turbo 2.1 interpolates it, libjpeg 6b, which is the JDK's, repeats
            // it.
            Map.entry("sample-1x2.jpg", 31.0));

    static Stream<String> files() throws IOException {
        try (var files = Files.list(FILES)) {
            return files
                    .map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(REFERENCE))
                    .map(name -> name.substring(0, name.length() - REFERENCE.length()))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void pixelsAreThoseOfTheFormatsOwnLibrary(String name) throws Exception {
        var pixels = new ImageDecoder(Background.WHITE, 1 << 20, () -> {})
                .decode(Files.readAllBytes(FILES.resolve(name)))
                .toChannels(3);
        var reference = ImageIO.read(FILES.resolve(name + REFERENCE).toFile());
        assertEquals(reference.getHeight(), pixels.height());
        assertEquals(reference.getWidth(), pixels.width());
        int plane = pixels.height() * pixels.width();
        double squares = 0;
        for (int i = 0; i < plane; i++) {
            int rgb = reference.getRGB(i % pixels.width(), i / pixels.width());
            for (int c = 0; c < 3; c++) {
                int difference = (pixels.data()[c * plane + i] & 0xff) - (rgb >> 16 - 8 * c & 0xff);
                squares += difference * difference;
            }
        }
        double psnr = 10 * Math.log10(255 * 255 * 3.0 * plane / squares);
        assertTrue(psnr >= AT_LEAST.getOrDefault(name, EXACT), name + " has a PSNR of " + psnr);
    }

    @ParameterizedTest
    @ValueSource(strings = {"lossy.webp", "lossy-alpha.webp", "lossy-raw-alpha.webp", "lossy-animated.webp"})
    void lossyWebpIsRefusedWithAdvice(String name) throws Exception {
        var file = Files.readAllBytes(FILES.resolve(name));
        var decoder = new ImageDecoder(Background.WHITE, 1 << 20, () -> {});
        var refused = assertThrows(BadImageException.class, () -> decoder.decode(file));
        assertTrue(refused.getMessage().startsWith("is a lossy WebP file, which is not read: convert it"));
    }
}
