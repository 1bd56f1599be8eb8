package ddpm.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
    private static final Path IMAGES = Path.of("src/test/resources/golden/pil/images");
    private static final FolderOptions SQUARE = FolderOptions.of(ImageShape.square(3, 8));

    private static final Path CODECS = Path.of("src/test/resources/golden/codecs");

    @TempDir
    Path folder;

    @Test
    void anEmptyFolderIsRefusedWithWhatWasLookedForAndFound() throws Exception {
        assertRefused(folder.toString(), "0 images", ".jpg", ".webp", "found no files");
        Files.writeString(folder.resolve("a.TXT"), "");
        Files.writeString(folder.resolve("b.txt"), "");
        Files.writeString(folder.resolve("README"), "");
        assertRefused("3 other files (2 .txt, 1 without extension)");
        var error = assertThrows(DataException.class, () -> ImageFolder.open(folder.resolve("gone"), SQUARE));
        assertTrue(error.getMessage().contains("gone does not exist"), error.getMessage());
        error = assertThrows(DataException.class, () -> ImageFolder.open(folder.resolve("a.TXT"), SQUARE));
        assertTrue(error.getMessage().contains("is a file"), error.getMessage());
    }

    @Test
    void oneFileWithItsExtensionInCapitalsIsASet() throws Exception {
        Files.copy(IMAGES.resolve("l.jpg"), folder.resolve("a.JPG"));
        assertEquals(1, ImageFolder.open(folder, SQUARE).size());
    }

    @Test
    void orderIsByRelativePathAndHiddenFilesAreLeftOut() throws Exception {
        // U+FF21 sorts before U+1F600 by code points but after its surrogates in Java's order of strings.
        List<String> names = List.of("B.png", "a/z.png", "a.png", "c/b/a.png", "\uff21.png", "\ud83d\ude00.png");
        for (String name : names.reversed()) {
            png(name, 1, 1, 0);
        }
        png(".hidden.png", 1, 1, 0);
        png(".cache/a.png", 1, 1, 0);
        var set = ImageFolder.open(folder, SQUARE);
        List<String> expected = List.of("B.png", "a.png", "a/z.png", "c/b/a.png", "\uff21.png", "\ud83d\ude00.png");
        assertEquals(
                expected.stream().map(name -> folder.resolve(name).toString()).toList(),
                IntStream.range(0, set.size()).mapToObj(set::name).toList());
    }

    /** In a list of paths {@code a!/1.png} stands before {@code a/1.png}, in one of folders it does not. */
    @Test
    void subfoldersAreClassesInTheOrderOfTheirNames() throws Exception {
        for (var name : List.of("b/2.png", "a!/1.png", "a/deep/down/1.png", "a/2.png")) {
            Files.createDirectories(folder.resolve(name).getParent());
            png(name, 8, 8, 1);
        }
        var set = ImageFolder.open(folder, SQUARE);
        var labels = set.labels();
        assertEquals(List.of("a", "a!", "b"), labels.classes());
        assertEquals("a!", labels.classes().get(labels.at(0)), set.name(0));
        assertEquals(
                List.of(1, 0, 0, 2), IntStream.range(0, 4).mapToObj(labels::at).toList());

        png("loose.png", 8, 8, 1);
        var loose = ImageFolder.open(folder, SQUARE);
        var refused = assertThrows(DataException.class, loose::labels);
        assertTrue(refused.getMessage().startsWith(folder.resolve("loose.png") + " has no class"));
    }

    @Test
    void labelsOfOtherClassesHaveAnotherFingerprint() {
        var print = new Labels(List.of("cat", "dog"), 0, 1, 1).fingerprint();
        assertEquals(print, new Labels(List.of("cat", "dog"), 0, 1, 1).fingerprint());
        assertNotEquals(print, new Labels(List.of("cat", "dog"), 0, 1, 0).fingerprint());
        assertNotEquals(print, new Labels(List.of("cat", "fox"), 0, 1, 1).fingerprint());
        assertThrows(IndexOutOfBoundsException.class, () -> new Labels(List.of("cat"), 1));
        assertThrows(IllegalArgumentException.class, () -> new Labels(List.of("cat", "cat"), 1));
    }

    @Test
    void linksAreFollowedAndALoopEnds() throws Exception {
        png("a/one.png", 4, 4, 0);
        Files.createSymbolicLink(folder.resolve("a/loop"), folder);
        Files.createSymbolicLink(folder.resolve("two.png"), Path.of("a/one.png"));
        assertEquals(2, ImageFolder.open(folder, SQUARE).size());
        Files.createSymbolicLink(folder.resolve("three.png"), Path.of("nowhere.png"));
        assertRefused("three.png leads nowhere");
    }

    @Test
    void allColourTypesComeInTheModelsChannels() throws Exception {
        for (String name : List.of("l16.png", "la.png", "p4.png", "rgba.png", "cmyk.jpg", "orientation1.jpg")) {
            Files.copy(IMAGES.resolve(name), folder.resolve(name));
        }
        for (int channels : new int[] {1, 3}) {
            var set = ImageFolder.open(folder, FolderOptions.of(new ImageShape(channels, 24, 40)));
            assertEquals(6, set.size());
            for (int i = 0; i < 6; i++) {
                byte[] expected = new ImageDecoder(Background.WHITE, 1 << 20, () -> {})
                        .decode(Files.readAllBytes(Path.of(set.name(i))))
                        .toChannels(channels)
                        .data();
                byte[] image = new byte[channels * 24 * 40];
                set.read(i, image, 0);
                assertArrayEquals(expected, image, set.name(i));
            }
        }
    }

    @Test
    void heightAndWidthAreNeverSwapped() throws Exception {
        // Left half black, right half white, 40 high and 120 wide: 16x24 shows the middle, split at column 12.
        var image = new BufferedImage(120, 40, BufferedImage.TYPE_BYTE_GRAY);
        for (int y = 0; y < 40; y++) {
            for (int x = 60; x < 120; x++) {
                image.getRaster().setSample(x, y, 0, 255);
            }
        }
        ImageIO.write(image, "png", folder.resolve("wide.png").toFile());
        var set = ImageFolder.open(folder, FolderOptions.of(new ImageShape(1, 16, 24)));
        byte[] pixels = new byte[16 * 24];
        set.read(0, pixels, 0);
        for (int y = 0; y < 16; y++) {
            assertEquals(0, pixels[y * 24 + 10]);
            assertEquals((byte) 255, pixels[y * 24 + 13]);
        }
    }

    @Test
    void aTruncatedFileIsNamedAndRefusesTheFolder() throws Exception {
        png("good.png", 20, 20, 1);
        byte[] whole = Files.readAllBytes(folder.resolve("good.png"));
        Files.write(folder.resolve("half.png"), Arrays.copyOf(whole, whole.length / 2));
        assertRefused("1 of 2 images", folder.resolve("half.png") + " is cut short");
        var verification = ImageFolder.verify(folder);
        assertEquals(2, verification.files());
        assertEquals(folder.resolve("half.png"), verification.bad().getFirst().file());
    }

    @Test
    void badFilesAreSkippedCountedAndReported() throws Exception {
        png("a.png", 20, 20, 1);
        png("c.png", 20, 20, 2);
        Files.writeString(folder.resolve("b.png"), "not an image at all");
        Files.createSymbolicLink(folder.resolve("d.png"), Path.of("nowhere"));
        List<BadFile> reported = new ArrayList<>();
        var set = ImageFolder.open(folder, SQUARE.skippingBadFiles(reported::add));
        assertEquals(2, set.size());
        assertEquals(2, set.skipped());
        assertEquals(folder.resolve("c.png").toString(), set.name(1));
        assertEquals(
                List.of("b.png", "d.png"),
                reported.stream()
                        .map(bad -> bad.file().getFileName().toString())
                        .toList());
        assertTrue(set.describe().contains("2 bad files left out"), set.describe());
    }

    @Test
    void aFolderOfOnlyBadFilesIsRefusedEvenWhenSkipping() throws Exception {
        for (int i = 0; i < 25; i++) {
            Files.writeString(folder.resolve("bad" + i + ".gif"), "not an image at all");
        }
        var error =
                assertThrows(DataException.class, () -> ImageFolder.open(folder, SQUARE.skippingBadFiles(bad -> {})));
        assertTrue(error.getMessage().contains("25 of 25 images"), error.getMessage());
        assertTrue(error.getMessage().contains("and 5 more"), error.getMessage());
        assertEquals(22, error.getMessage().lines().count());
    }

    @Test
    void imagesBeyondTheMemoryBudgetAreTheSameWhenDecodedAgain() throws Exception {
        for (int i = 0; i < 6; i++) {
            png(i + ".png", 30, 20, i);
        }
        var held = ImageFolder.open(folder, SQUARE);
        var some = ImageFolder.open(folder, SQUARE.withMemoryBudget(2 * 192 + 100));
        assertEquals(6, held.held());
        assertEquals(2, some.held());
        assertEquals(held.fingerprint(), some.fingerprint());
        for (int i = 0; i < 6; i++) {
            assertArrayEquals(read(held, i), read(some, i));
        }
    }

    @Test
    void aFileChangedSinceOpeningIsRefusedByName() throws Exception {
        png("a.png", 20, 20, 1);
        var set = ImageFolder.open(folder, SQUARE.withMemoryBudget(0));
        png("a.png", 20, 20, 2);
        var error = assertThrows(UncheckedIOException.class, () -> read(set, 0));
        assertTrue(error.getMessage().contains("a.png has changed"), error.getMessage());
    }

    @Test
    void theFingerprintIsOfContentNotOfTimesOrPlaces() throws Exception {
        png("x/a.png", 20, 20, 1);
        png("y/a.png", 20, 20, 1);
        png("z/a.png", 20, 20, 2);
        Files.setLastModifiedTime(folder.resolve("x/a.png"), FileTime.fromMillis(0));
        String x = ImageFolder.open(folder.resolve("x"), SQUARE).fingerprint();
        assertEquals(x, ImageFolder.open(folder.resolve("y"), SQUARE).fingerprint());
        assertNotEquals(x, ImageFolder.open(folder.resolve("z"), SQUARE).fingerprint());
        assertNotEquals(
                x,
                ImageFolder.open(folder.resolve("x"), SQUARE.withCrop(Crop.RANDOM))
                        .fingerprint());
    }

    @Test
    void randomCropsAreWhereTheirFractionsSayAndCentredWithoutOnes() throws Exception {
        var ramp = new BufferedImage(20, 8, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < 160; i++) {
            ramp.getRaster().setSample(i % 20, i / 20, 0, i % 20);
        }
        ImageIO.write(ramp, "png", folder.resolve("ramp.png").toFile());
        var set = ImageFolder.open(
                folder, FolderOptions.of(ImageShape.square(1, 8)).withCrop(Crop.RANDOM));
        assertEquals(6, read(set, 0)[0]);
        assertEquals(0, read(set, 0, new View(false, 0.9, 0))[0]);
        assertEquals(12, read(set, 0, new View(false, 0, 0.999))[0]);
        assertEquals(19, read(set, 0, new View(true, 0, 0.999))[0]);
        var centred = ImageFolder.open(folder, FolderOptions.of(ImageShape.square(1, 8)));
        assertEquals(6, read(centred, 0, new View(false, 0, 0.999))[0]);
        assertEquals(13, read(centred, 0, View.flip(true))[0]);
    }

    @Test
    void anImageTooThinToCoverTheShapeIsRefused() throws Exception {
        png("line.png", 4000, 1, 0);
        var options = FolderOptions.of(ImageShape.square(1, 64)).withMaxPixels(1 << 20);
        var error = assertThrows(DataException.class, () -> ImageFolder.open(folder, options));
        assertTrue(error.getMessage().contains("it would become 256000 x 64"), error.getMessage());
    }

    private void assertRefused(String... parts) {
        var error = assertThrows(DataException.class, () -> ImageFolder.open(folder, SQUARE));
        for (String part : parts) {
            assertTrue(error.getMessage().contains(part), error.getMessage());
        }
    }

    private static byte[] read(ImageSet set, int index) {
        byte[] image = new byte[set.shape().bytes()];
        set.read(index, image, 0);
        return image;
    }

    private static byte[] read(ImageSet set, int index, View view) {
        byte[] image = new byte[set.shape().bytes()];
        set.read(index, view, image, 0);
        return image;
    }

    private void png(String name, int width, int height, int seed) throws IOException {
        var image = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < width * height; i++) {
            image.setRGB(i % width, i / width, i * 7919 + seed * 104729);
        }
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        ImageIO.write(image, "png", file.toFile());
    }

    @Test
    void filesThatAreLeftOutAreCountedByExtension() throws Exception {
        png("a/a.png", 20, 20, 1);
        Files.copy(CODECS.resolve("smooth.jfif"), folder.resolve("a/b.JFIF"));
        Files.copy(CODECS.resolve("pil-pages.tif"), folder.resolve("a/c.tif"));
        Files.createFile(folder.resolve("a/d.heic"));
        Files.createFile(folder.resolve("a/e.heic"));
        Files.createFile(folder.resolve("labels"));
        Files.copy(Path.of("src/test/resources/hostile/iccgarb.png"), folder.resolve("a/f.png"));
        var found = ImageFolder.verify(folder);
        assertEquals(4, found.files());
        assertEquals(
                List.of(
                        "broken metadata of 1 image not heeded",
                        "3 other files (2 .heic, 1 without extension) left out"),
                found.remarks());
        var set = ImageFolder.open(folder, SQUARE);
        assertEquals(4, set.size());
        assertTrue(set.describe().endsWith(String.join(", ", found.remarks())), set.describe());
    }

    @Test
    void aClassWithoutUsablePicturesIsRefused() throws Exception {
        png("cats/a.png", 20, 20, 1);
        Files.createDirectory(folder.resolve("dogs"));
        Files.createFile(folder.resolve("dogs/b.heic"));
        var set = ImageFolder.open(folder, SQUARE);
        assertEquals(1, set.size());
        var refused = assertThrows(DataException.class, set::labels);
        assertEquals(
                folder.resolve("dogs") + " is a class without usable pictures, 1 other file (1 .heic) left out;"
                        + " put pictures there or remove it",
                refused.getMessage());
        Files.writeString(folder.resolve("dogs/c.png"), "not an image at all");
        assertThrows(
                DataException.class,
                () -> ImageFolder.open(folder, SQUARE.skippingBadFiles(bad -> {}))
                        .labels());
    }
}
