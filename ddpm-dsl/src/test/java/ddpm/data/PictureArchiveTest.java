package ddpm.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** An archive of pictures is as good as the folder that was packed, and a bad one says what is wrong with it. */
class PictureArchiveTest {
    /** Written by GNU tar 1.34, Python's tarfile and Info-ZIP, of one folder. */
    private static final Path OTHERS = Path.of("src/test/resources/archives");

    private static final FolderOptions SQUARE = FolderOptions.of(ImageShape.square(3, 4));

    private static final String LONG = "a-folder-whose-name-is-so-long-that-ustar-has-no-place-for-it-".repeat(3);

    @TempDir
    Path folder;

    /** The forms of archives, each written here as plainly as it goes. */
    enum Form {
        ZIP(".zip"),
        TAR(".tar"),
        TAR_GZ(".tar.gz");

        private final String extension;

        Form(String extension) {
            this.extension = extension;
        }

        Path pack(Path folder, Map<String, byte[]> files) throws IOException {
            var packed = new ByteArrayOutputStream();
            if (this == ZIP) {
                try (var zip = new ZipOutputStream(packed)) {
                    for (var file : files.entrySet()) {
                        zip.putNextEntry(new ZipEntry(file.getKey()));
                        zip.write(file.getValue());
                    }
                }
            } else {
                var tar = tar(files);
                try (OutputStream out = this == TAR ? packed : new GZIPOutputStream(packed)) {
                    out.write(tar);
                }
            }
            return Files.write(folder.resolve("pictures" + extension), packed.toByteArray());
        }
    }

    private static byte[] tar(Map<String, byte[]> files) {
        var tar = new ByteArrayOutputStream();
        files.forEach((name, bytes) -> {
            tar.writeBytes(header(name, bytes.length, name.endsWith("/") ? '5' : '0'));
            tar.writeBytes(Arrays.copyOf(bytes, (bytes.length + 511) / 512 * 512));
        });
        tar.writeBytes(new byte[1024]);
        return tar.toByteArray();
    }

    private static byte[] header(String name, long size, char type) {
        return Cifar10Test.header(name, size, type);
    }

    private static byte[] png(int value) throws IOException {
        var image = new BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 16; i++) {
            image.setRGB(i % 4, i / 4, value * 1001 * (i + 1) & 0xffffff);
        }
        var png = new ByteArrayOutputStream();
        ImageIO.write(image, "png", png);
        return png.toByteArray();
    }

    private static Map<String, byte[]> files() throws IOException {
        var files = new LinkedHashMap<String, byte[]>();
        files.put("dog/", new byte[0]);
        files.put("dog/2.PNG", png(2));
        files.put("cat!/3.png", png(3));
        files.put("cat/deep/1.png", png(1));
        files.put("dog/.hidden.png", new byte[3]);
        files.put("notes.txt", new byte[2000]);
        files.put("dog/a.json", new byte[1]);
        return files;
    }

    private Path unpacked(Map<String, byte[]> files) throws IOException {
        var root = folder.resolve("unpacked");
        for (var file : files.entrySet()) {
            var path = root.resolve(file.getKey());
            Files.createDirectories(file.getKey().endsWith("/") ? path : path.getParent());
            if (!file.getKey().endsWith("/")) {
                Files.write(path, file.getValue());
            }
        }
        return root;
    }

    private static void assertSame(ImageFolder expected, ImageFolder found) throws DataException {
        assertEquals(expected.fingerprint(), found.fingerprint());
        assertEquals(expected.labels().fingerprint(), found.labels().fingerprint());
        assertEquals(expected.size(), found.size());
        for (int i = 0; i < expected.size(); i++) {
            var a = new byte[expected.shape().bytes()];
            var b = new byte[expected.shape().bytes()];
            expected.read(i, a, 0);
            found.read(i, b, 0);
            assertArrayEquals(a, b);
        }
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void anArchiveIsTheFolderThatWasPacked(Form form) throws IOException {
        var archive = form.pack(folder, files());
        var expected = ImageFolder.open(unpacked(files()), SQUARE);
        for (long budget : new long[] {1 << 20, 0}) { // of the second, each image is read again
            var found = ImageFolder.open(archive, SQUARE.withMemoryBudget(budget));
            assertSame(expected, found);
            assertEquals(archive.resolve("cat!/3.png").toString(), found.name(0));
            assertTrue(
                    found.describe()
                            .contains(" from archive " + archive + ", 2 other files (1 .json, 1 .txt) left out"),
                    found.describe());
        }
        assertSame(expected, (ImageFolder) ImageSets.open(archive, Split.TRAIN, SQUARE));
        assertEquals(ImageShape.square(3, 4), ImageFolder.commonShape(archive, 3));
        assertEquals(3, ImageFolder.verify(archive).files());
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void anArchiveOfOneFolderCountsAsThatFolder(Form form) throws IOException {
        var wrapped = new LinkedHashMap<String, byte[]>();
        for (var file : files().entrySet()) {
            wrapped.put((form == Form.TAR ? "./" : "") + "set/" + file.getKey(), file.getValue());
        }
        wrapped.put("__MACOSX/set/._2.PNG", new byte[7]); // macOS adds such
        wrapped.put(".a", new byte[7]);
        var archive = form.pack(folder, wrapped);
        var found = ImageFolder.open(archive, SQUARE);
        assertSame(ImageFolder.open(unpacked(files()), SQUARE), found);
        assertEquals(archive.resolve("set/cat!/3.png").toString(), found.name(0));
    }

    @ParameterizedTest
    @CsvSource({"gnu-tar.tar.gz, 6", "python-pax.tar.gz, 6", "info-zip.zip, 6"})
    void archivesOfOtherProgramsAreRead(String name, int pictures) throws IOException {
        var bad = new ArrayList<String>();
        var found = ImageFolder.open(
                OTHERS.resolve(name),
                SQUARE.skippingBadFiles(file -> bad.add(file.file().getFileName() + " " + file.reason())));
        assertEquals(pictures, found.size() + bad.size());
        assertEquals(List.of(LONG, "cat", "dog"), found.labels().classes());
        assertTrue(found.name(2).endsWith("cat/\u00fcber.png"), found.name(2));
        assertTrue(found.name(3).endsWith("dog/4.PNG"), found.name(3));
        assertTrue(bad.getFirst().startsWith("link.png is a link in the archive"), bad.toString());
        boolean isTar = name.contains("tar");
        assertEquals(isTar ? 2 : 1, bad.size(), bad.toString());
        assertEquals(isTar, bad.getLast().startsWith("same.png is a link in the archive"), bad.toString());
        var pixels = new byte[3 * 16];
        found.read(2, pixels, 0);
        assertEquals(List.of((byte) 2, (byte) 6, (byte) 253), List.of(pixels[0], pixels[16], pixels[32]));
    }

    private void assertRefused(Path archive, String... parts) {
        var error = assertThrows(DataException.class, () -> ImageFolder.open(archive, SQUARE));
        for (var part : parts) {
            assertTrue(error.getMessage().contains(part), error.getMessage());
        }
        assertTrue(error.getMessage().startsWith(archive.toString()), error.getMessage());
        assertFalse(error.getMessage().contains("\n") && error.getMessage().contains("Exception"), error.getMessage());
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void namesThatLeadOutsideAreRefused(Form form) throws IOException {
        for (var name : List.of("../1.png", "a/../../1.png", "/etc/1.png", "a\\1.png")) {
            assertRefused(form.pack(folder, Map.of(name, png(1))), "points outside the archive");
        }
        assertFalse(Files.exists(folder.resolveSibling("1.png")));
    }

    @Test
    void aNameThatNoFileCanHaveIsRefused() throws IOException {
        var tar = new ByteArrayOutputStream();
        var pax = "14 path=a\0b/1\n".getBytes(StandardCharsets.UTF_8);
        tar.write(header("pax", pax.length, 'x'));
        tar.write(Arrays.copyOf(pax, 512));
        tar.write(tar(files("1.png")));
        assertRefused(Files.write(folder.resolve("a.tar"), tar.toByteArray()), "is a name that no file can have here");
        var zip = Files.readAllBytes(Form.ZIP.pack(folder, files("1.png")));
        var latin = new String(zip, StandardCharsets.ISO_8859_1).replace("1.png", "\u00fc.png");
        assertRefused(
                Files.write(folder.resolve("b.zip"), latin.getBytes(StandardCharsets.ISO_8859_1)),
                "is a name that is no UTF-8");
    }

    @Test
    void aNameThatIsThereTwiceIsRefused() throws IOException {
        var tar = new ByteArrayOutputStream();
        var one = tar(Map.of("1.png", png(1)));
        tar.write(one, 0, one.length - 1024);
        tar.write(one);
        assertRefused(Files.write(folder.resolve("a.tar"), tar.toByteArray()), "'1.png' is in it twice");
        var zip = Files.readAllBytes(Form.ZIP.pack(folder, files("1.png", "2.png")));
        var twice = new String(zip, StandardCharsets.ISO_8859_1).replace("2.png", "1.png");
        assertRefused(
                Files.write(folder.resolve("b.zip"), twice.getBytes(StandardCharsets.ISO_8859_1)), "is there twice");
    }

    private static Map<String, byte[]> files(String... names) throws IOException {
        var files = new LinkedHashMap<String, byte[]>();
        for (var name : names) {
            files.put(name, png(files.size() + 1));
        }
        return files;
    }

    @Test
    void anEncryptedZipIsRefused() throws IOException {
        var zip = Files.readAllBytes(Form.ZIP.pack(folder, files("1.png")));
        int directory = new String(zip, StandardCharsets.ISO_8859_1).indexOf("PK\1\2");
        zip[directory + 8] |= 1;
        assertRefused(Files.write(folder.resolve("a.zip"), zip), "'1.png' is encrypted");
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void anArchiveThatIsCutShortIsRefusedWhereverItIsCut(Form form) throws IOException {
        var whole = Files.readAllBytes(form.pack(folder, files("a/1.png", "a/2.png")));
        var cut = folder.resolve("cut" + form.extension);
        // A tar archive ends in two blocks of zeros, of which the first is the mark.
        int enough = form == Form.TAR ? whole.length - 512 : whole.length;
        for (int length = 600; length < enough; length += 1 + length % 97) {
            assertRefused(Files.write(cut, Arrays.copyOf(whole, length)), "cut short");
        }
        assertRefused(Files.write(cut, new byte[0]), "is a file, and no .zip, .tar or .tar.gz archive");
    }

    @Test
    void damageIsFoundByChecksums() throws IOException {
        var gzip = Files.readAllBytes(Form.TAR_GZ.pack(folder, files("1.png")));
        gzip[gzip.length - 6] ^= 1;
        assertRefused(Files.write(folder.resolve("a.tar.gz"), gzip), "is no sound gzip file");

        var tar = Files.readAllBytes(Form.TAR.pack(folder, files("1.png")));
        tar[3] ^= 1;
        assertRefused(Files.write(folder.resolve("a.tar"), tar), "a header's checksum does not match");

        var zip = Files.readAllBytes(Form.ZIP.pack(folder, files("1.png", "2.png")));
        zip[60] ^= 4;
        assertRefused(
                Files.write(folder.resolve("a.zip"), zip),
                "1 of 2 images cannot be used",
                "a.zip/1.png cannot be read: ZIP entry");
        assertEquals(
                1,
                ImageFolder.open(folder.resolve("a.zip"), SQUARE.skippingBadFiles(_ -> {}))
                        .size());
    }

    @Test
    void aZipBombIsABadFile() throws IOException {
        var files = files("1.png");
        files.put("2.png", new byte[40 << 20]);
        assertRefused(
                Form.ZIP.pack(folder, files), "2.png inflates from ", " to 41943040 bytes, so it is blank or a bomb");
    }

    /** 340 MB of zeros in a file of 330 kB: the gzip format allows members in a row. */
    @Test
    void aGzipBombEndsTheReading() throws IOException {
        var member = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(member)) {
            out.write(new byte[16 << 20]);
        }
        var bomb = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(bomb)) {
            out.write(header("notes.txt", 4L << 30, '0'));
        }
        for (int i = 0; i < 20; i++) {
            bomb.write(member.toByteArray());
        }
        assertRefused(
                Files.write(folder.resolve("bomb.tar.gz"), bomb.toByteArray()),
                "unpacks from ",
                "it is blank or a bomb");
    }

    @Test
    void sizesThatNobodyCanMeanAreRefused() throws IOException {
        var header = header("1.png", 0, '0');
        for (int i = 124; i < 136; i++) {
            header[i] = (byte) 0xff;
        }
        header[124] = (byte) 0x80;
        assertRefused(
                Files.write(folder.resolve("a.tar"), Cifar10Test.summed(header)), "is damaged: an entry claims a size");
    }

    @Test
    void aPictureThatIsTooLongIsABadFile() throws IOException {
        var archive = Files.write(folder.resolve("a.tar"), header("1.png", 600L << 20, '0'));
        try (var channel = FileChannel.open(archive, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1024), 512 + (600L << 20)); // with a hole before it
        }
        assertRefused(archive, "a.tar/1.png is 629145600 bytes long; the limit is");
    }

    @Test
    void whatIsNoArchiveIsNamed() throws IOException {
        assertRefused(
                Files.write(folder.resolve("a.zip"), new byte[] {(byte) 0xfd, '7', 'z', 'X', 'Z', 0}),
                "is a file, and no .zip, .tar or .tar.gz archive; give a folder of pictures");
        assertRefused(Form.ZIP.pack(folder, Map.of("model.json", new byte[9])), "0 images", "1 other file (1 .json)");
    }

    @Test
    void anArchiveThatChangesIsNoticed() throws IOException {
        var archive = Form.ZIP.pack(folder, files("1.png", "2.png"));
        var open = ImageFolder.open(archive, SQUARE.withMemoryBudget(0));
        Form.ZIP.pack(folder, files("2.png", "1.png"));
        var error = assertThrows(UncheckedIOException.class, () -> open.read(0, new byte[48], 0));
        assertTrue(error.getMessage().contains("1.png"), error.getMessage());
    }

    @Test
    void anArchiveOfPicturesIsNotTakenForCifar() throws IOException {
        assertFalse(Cifar10.isIn(Form.TAR_GZ.pack(folder, files("1.png"))));
        assertTrue(Cifar10.isIn(Files.write(
                folder.resolve("renamed.tar.gz"), Cifar10Test.archive(Map.of("data_batch_1.bin", new byte[3073])))));
    }

    /** Windows deletes no open files; there it is gone when Java ends. */
    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "open files keep their names there")
    void nothingIsLeftInTheTemporaryFolder() throws IOException {
        var before = parts();
        ImageFolder.open(Form.TAR_GZ.pack(folder, files()), SQUARE.withMemoryBudget(0));
        assertEquals(before, parts());
    }

    private static List<String> parts() throws IOException {
        try (var files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("ddpm-") && name.endsWith(".part"))
                    .sorted()
                    .toList();
        }
    }
}
