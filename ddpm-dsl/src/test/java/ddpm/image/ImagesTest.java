package ddpm.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class ImagesTest {
    @TempDir
    Path folder;

    @Test
    void everyLevelSurvivesTheTripThroughTheModelsRange() {
        assertEquals(-1f, Pixel.value(0));
        assertEquals(1f, Pixel.value(255));
        for (int level = 0; level <= 255; level++) {
            assertEquals(level, Pixel.level(Pixel.value(level)));
        }
        assertThrows(IllegalArgumentException.class, () -> Pixel.value(256));
        assertThrows(IllegalArgumentException.class, () -> Pixel.value(-1));
    }

    @Test
    void aRangeOfBytesIsConvertedWhereAsked() {
        float[] target = {7, 7, 7, 7};
        Pixel.values(new byte[] {1, 0, -1, 1}, 1, target, 2, 2);
        assertEquals("[7.0, 7.0, -1.0, 1.0]", Arrays.toString(target));
        assertThrows(IndexOutOfBoundsException.class, () -> Pixel.values(new byte[3], 0, target, 2, 3));
    }

    @ParameterizedTest
    @CsvSource({"-7, 0", "7, 255", "0, 128", "-0.0001, 127", "3.4e38, 255", "-3.4e38, 0", "0.9960, 254", "0.9962, 255"})
    void valuesAreClippedAndRoundedToTheNearestLevel(float value, int level) {
        assertEquals(level, Pixel.level(value));
    }

    @Test
    void valuesThatAreNotFiniteAreRefusedWithTheirNumberAndPlace() {
        var values = new float[3 * 2 * 2];
        values[5] = Float.NaN;
        values[9] = Float.NEGATIVE_INFINITY;
        var refusal = assertThrows(IllegalArgumentException.class, () -> Images.of(values, Shape.of(3, 1, 2, 2)));
        assertTrue(
                refusal.getMessage()
                        .startsWith("2 of 12 values are not finite and cannot be shown as images; the first is NaN in"
                                + " image 1"),
                refusal.getMessage());
        assertThrows(IllegalArgumentException.class, () -> Pixel.level(Float.NaN));
    }

    @Test
    void joinedBatchesAreTheImagesOneAfterAnother() {
        var values = new float[3 * 2 * 1 * 2];
        for (int i = 0; i < values.length; i++) {
            values[i] = Pixel.value(20 * i);
        }
        var whole = Images.of(values, Shape.of(3, 2, 1, 2));
        var joined = Images.joined(List.of(
                Images.of(Arrays.copyOf(values, 4), Shape.of(1, 2, 1, 2)),
                Images.of(Arrays.copyOfRange(values, 4, 12), Shape.of(2, 2, 1, 2))));
        assertEquals(3, joined.count());
        for (int image = 0; image < 3; image++) {
            for (int x = 0; x < 2; x++) {
                for (int channel = 0; channel < 2; channel++) {
                    int level = 20 * (image * 4 + channel * 2 + x);
                    assertEquals(level, joined.picture(image).level(x, 0, channel));
                    assertEquals(level, whole.only(image).picture(0).level(x, 0, channel));
                }
            }
        }
    }

    @Test
    void imagesOfDifferentShapesAreNotJoined() {
        var grey = Images.of(new float[4], Shape.of(1, 1, 2, 2));
        var wide = Images.of(new float[8], Shape.of(1, 1, 2, 4));
        var refused = assertThrows(IllegalArgumentException.class, () -> Images.joined(List.of(grey, wide)));
        assertTrue(refused.getMessage().contains("[1, 2, 4]")
                && refused.getMessage().contains("[1, 2, 2]"));
    }

    @Test
    void shapesThatAreNoBatchOfImagesAreRefused() {
        for (var shape : new Shape[] {
            Shape.of(3, 2, 2), Shape.of(1, 5, 2, 2), Shape.of(0, 3, 2, 2), Shape.of(1, 0, 2, 2), Shape.of()
        }) {
            var refusal = assertThrows(
                    IllegalArgumentException.class, () -> Images.of(new float[(int) shape.numel()], shape));
            assertTrue(refusal.getMessage().endsWith("not " + shape), refusal.getMessage());
        }
        var refusal = assertThrows(IllegalArgumentException.class, () -> Images.of(new float[7], Shape.of(1, 1, 2, 2)));
        assertEquals("7 values for images of shape [1, 1, 2, 2], which has 4", refusal.getMessage());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void aWrittenPngReadsBackLevelForLevel(int channels) throws IOException {
        var shape = Shape.of(1, channels, 3, 5);
        var values = ramp(shape);
        var png = folder.resolve("one.PNG");
        Images.of(values, shape).picture(0).write(png);
        var read = ImageIO.read(png.toFile());
        assertEquals(5, read.getWidth());
        assertEquals(3, read.getHeight());
        assertEquals(channels, read.getRaster().getNumBands());
        for (int c = 0; c < channels; c++) {
            for (int y = 0; y < 3; y++) {
                for (int x = 0; x < 5; x++) {
                    int expected = Pixel.level(values[(c * 3 + y) * 5 + x]);
                    assertEquals(expected, read.getRaster().getSample(x, y, c));
                }
            }
        }
    }

    @Test
    void aGridOfSevenPlacesThemRowByRowAndFillsTheRestWithBackground() throws IOException {
        var shape = Shape.of(7, 3, 4, 6);
        var values = ramp(shape);
        var png = folder.resolve("grid.png");
        Images.of(values, shape).grid(new GridLayout(3, 1, 200)).write(png);
        var read = ImageIO.read(png.toFile());
        assertEquals(3 * 7 + 1, read.getWidth());
        assertEquals(3 * 5 + 1, read.getHeight());
        for (int y = 0; y < read.getHeight(); y++) {
            for (int x = 0; x < read.getWidth(); x++) {
                int image = y / 5 * 3 + x / 7;
                boolean gap = x % 7 == 0 || y % 5 == 0 || image >= 7;
                for (int c = 0; c < 3; c++) {
                    int at = ((image * 3 + c) * 4 + y % 5 - 1) * 6 + x % 7 - 1;
                    int expected = gap ? 200 : Pixel.level(values[at]);
                    assertEquals(expected, read.getRaster().getSample(x, y, c), "at " + x + ", " + y);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "2, 2, 1", "7, 3, 3", "16, 4, 4", "17, 5, 4"})
    void theDefaultGridIsNearlySquare(int count, int columns, int rows) {
        var grid = Images.of(new float[count * 9], Shape.of(count, 1, 3, 3)).grid();
        assertEquals(columns * 5 + 2, grid.width());
        assertEquals(rows * 5 + 2, grid.height());
    }

    @Test
    void aStripIsOneRow() {
        var strip = Images.of(new float[5 * 12], Shape.of(5, 1, 4, 3)).strip();
        assertEquals(5 * 5 + 2, strip.width());
        assertEquals(8, strip.height());
        assertEquals(255, strip.level(0, 0, 0));
        assertEquals(128, strip.level(2, 2, 0));
    }

    @Test
    void gapsBetweenImagesWithAlphaAreTransparent() {
        var values = new float[4];
        Arrays.fill(values, 1);
        var grid = Images.of(values, Shape.of(1, 4, 1, 1)).grid();
        assertEquals(0, grid.level(0, 0, 3));
        assertEquals(255, grid.level(2, 2, 3));
    }

    @Test
    void enlargingRepeatsEveryPixel() {
        var small = Images.of(ramp(Shape.of(1, 3, 2, 3)), Shape.of(1, 3, 2, 3)).picture(0);
        var large = small.enlarged(4);
        assertEquals(12, large.width());
        assertEquals(8, large.height());
        for (int y = 0; y < 8; y++) {
            for (int x = 0; x < 12; x++) {
                for (int c = 0; c < 3; c++) {
                    assertEquals(small.level(x / 4, y / 4, c), large.level(x, y, c));
                }
            }
        }
        assertEquals(514 / 3 * 3, small.enlargedToAtLeast(512).width());
        assertEquals(3, small.enlargedToAtLeast(2).width());
        assertThrows(IllegalArgumentException.class, () -> small.enlarged(0));
        assertThrows(IllegalArgumentException.class, () -> small.enlarged(Integer.MAX_VALUE));
        assertThrows(IndexOutOfBoundsException.class, () -> small.level(3, 0, 0));
    }

    @Test
    void textIsReadBackFromThePng() throws IOException {
        var png = folder.resolve("text.png");
        var text = Map.of("Software", "ddpm", "seed", "7", "note", "ein Bild für später", "Title", "数字 日本語");
        var picture = Images.of(new float[1], Shape.of(1, 1, 1, 1)).picture(0);
        picture.write(png, text);
        assertEquals(text, textOf(png));
        var again = folder.resolve("again.png");
        picture.write(again, new HashMap<>(text));
        assertArrayEquals(Files.readAllBytes(png), Files.readAllBytes(again));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " seed", "seed ", "数字", "a\nb"})
    void aKeywordThatPngDoesNotAllowIsRefused(String keyword) {
        var picture = Images.of(new float[1], Shape.of(1, 1, 1, 1)).picture(0);
        var refusal = assertThrows(
                IllegalArgumentException.class, () -> picture.write(folder.resolve("x.png"), Map.of(keyword, "value")));
        assertTrue(refusal.getMessage().startsWith("PNG keyword \"" + keyword + "\""), refusal.getMessage());
        assertThrows(
                IllegalArgumentException.class,
                () -> picture.write(folder.resolve("x.png"), Map.of("k".repeat(80), "value")));
    }

    @Test
    void aFailedWriteLeavesNothingBehind() throws IOException {
        var picture = Images.of(new float[1], Shape.of(1, 1, 1, 1)).picture(0);
        assertThrows(IllegalArgumentException.class, () -> picture.write(folder.resolve("x.jpg")));
        assertThrows(IOException.class, () -> picture.write(folder.resolve("missing/x.png")));
        var full = Files.createDirectory(folder.resolve("full.png"));
        Files.createFile(full.resolve("inside"));
        assertThrows(IOException.class, () -> picture.write(full));
        try (var left = Files.list(folder)) {
            assertEquals(1, left.count());
        }
    }

    @Test
    void layoutsOutsideTheirRangeAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new GridLayout(0, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> new GridLayout(1, -1, 0));
        assertThrows(IllegalArgumentException.class, () -> new GridLayout(1, 0, 256));
        var one = Images.of(new float[1], Shape.of(1, 1, 1, 1));
        var refusal =
                assertThrows(IllegalArgumentException.class, () -> one.grid(new GridLayout(1, Integer.MAX_VALUE, 0)));
        assertTrue(refusal.getMessage().startsWith("a picture of 4294967295 x 4294967295"), refusal.getMessage());
        assertThrows(IndexOutOfBoundsException.class, () -> one.picture(1));
    }

    static float[] ramp(Shape shape) {
        var values = new float[(int) shape.numel()];
        for (int i = 0; i < values.length; i++) {
            values[i] = Pixel.value(i * 37 % 256);
        }
        return values;
    }

    private static Map<String, String> textOf(Path png) throws IOException {
        var reader = ImageIO.getImageReadersByFormatName("png").next();
        try (var in = ImageIO.createImageInputStream(png.toFile())) {
            reader.setInput(in);
            var root = (Element) reader.getImageMetadata(0).getAsTree("javax_imageio_png_1.0");
            var text = new HashMap<String, String>();
            collect(root.getElementsByTagName("tEXtEntry"), "value", text);
            collect(root.getElementsByTagName("iTXtEntry"), "text", text);
            return text;
        } finally {
            reader.dispose();
        }
    }

    private static void collect(NodeList entries, String attribute, Map<String, String> into) {
        for (int i = 0; i < entries.getLength(); i++) {
            var attributes = entries.item(i).getAttributes();
            into.put(
                    attributes.getNamedItem("keyword").getNodeValue(),
                    attributes.getNamedItem(attribute).getNodeValue());
        }
    }
}
