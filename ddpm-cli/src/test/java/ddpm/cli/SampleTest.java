package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.io.Safetensors;
import ddpm.torch.Processor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SampleTest {
    @TempDir
    static Path models;

    private static Path tiny;

    @TempDir
    Path folder;

    @BeforeAll
    static void model() throws IOException {
        tiny = Cli.tinyModel(models.resolve("tiny.safetensors"));
    }

    private Cli sample(Object... args) {
        var all = new ArrayList<Object>(List.of("sample", "--device", "cpu", "--model", tiny));
        all.addAll(List.of(args));
        return Cli.run(all.toArray());
    }

    private List<String> files() throws IOException {
        return files(folder);
    }

    private static List<String> files(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void theBuiltInModelDrawsAGridWithoutAnyFile() throws IOException {
        var grid = folder.resolve("samples.png");
        var run = Cli.run("sample", "--steps", 2, "--count", 3, "--device", "cpu", "--out", grid);
        assertEquals(0, run.status(), run.err());
        assertEquals(grid + System.lineSeparator(), run.out());
        assertTrue(ImageIO.read(grid.toFile()).getWidth() >= 512);
        assertEquals(List.of("samples.png"), files());
    }

    @Test
    void anyNumberOfImagesStandsInOneGridOfTheModelsOwnShape() throws IOException {
        var grid = folder.resolve("seven.PNG");
        var run = sample("-n", 7, "--scale", 2, "-o", grid);
        assertEquals(0, run.status(), run.err());
        var picture = ImageIO.read(grid.toFile());
        // 3 columns of 16 and 3 rows of 8 pixels, 2 around each, doubled.
        assertEquals(2 * (3 * 18 + 2), picture.getWidth());
        assertEquals(2 * (3 * 10 + 2), picture.getHeight());
        assertEquals(1, picture.getRaster().getNumBands());
    }

    @Test
    void everySamplerDrawsAndOnlyNoisyOnesDependOnMoreThanTheFirstNoise() throws IOException {
        var pictures = new ArrayList<byte[]>();
        for (var method : List.of("ancestral", "ddim", "dpm-solver")) {
            var grid = folder.resolve(method + ".png");
            var run = sample("-n", 2, "--seed", 3, "--steps", 4, "--sampler", method, "-o", grid);
            assertEquals(0, run.status(), run.err());
            pictures.add(Files.readAllBytes(grid));
        }
        assertFalse(Arrays.equals(pictures.get(0), pictures.get(1)));
        assertFalse(Arrays.equals(pictures.get(1), pictures.get(2)));
    }

    @Test
    void everySpacingIsAChainOfItsOwn() throws IOException {
        var pictures = new ArrayList<byte[]>();
        for (var spacing : List.of("even", "leading", "trailing", "quadratic")) {
            var grid = folder.resolve(spacing + ".png");
            var run = sample("-n", 1, "--seed", 3, "--steps", 4, "--spacing", spacing, "--json", "-o", grid);
            assertEquals(0, run.status(), run.err());
            assertEquals(spacing, JSON.std.mapFrom(run.out()).get("spacing"));
            pictures.add(pixelsOf(grid));
        }
        for (int i = 0; i < 4; i++) {
            for (int k = 0; k < i; k++) {
                assertFalse(Arrays.equals(pictures.get(i), pictures.get(k)), i + " and " + k);
            }
        }
        var whole = sample("--spacing", "leading");
        assertEquals(ExitCode.USAGE.status(), whole.status());
        assertTrue(whole.err().contains("--spacing leading: only with fewer --steps"), whole.err());
    }

    private static byte[] pixelsOf(Path png) throws IOException {
        var raster = ImageIO.read(png.toFile()).getRaster();
        return (byte[]) raster.getDataElements(0, 0, raster.getWidth(), raster.getHeight(), null);
    }

    @Test
    void aSeedDrawsTheSameBytesAgainAndAnotherSeedOthers() throws IOException {
        var files = new ArrayList<byte[]>();
        for (long seed : new long[] {7, 7, -8}) {
            var grid = folder.resolve("grid" + files.size() + ".png");
            assertEquals(0, sample("--seed", seed, "-n", 3, "-o", grid).status());
            files.add(Files.readAllBytes(grid));
        }
        assertArrayEquals(files.get(0), files.get(1));
        assertFalse(Arrays.equals(files.get(0), files.get(2)));
    }

    @Test
    void aFreshSeedIsToldAndRepeatsTheRun() throws IOException {
        var first = folder.resolve("a.png");
        var told = sample("-n", 2, "-o", first).err();
        var matcher = java.util.regex.Pattern.compile("--seed (\\d+)").matcher(told);
        assertTrue(matcher.find(), told);
        var second = folder.resolve("b.png");
        assertEquals(
                0, sample("-n", 2, "-o", second, "--seed", matcher.group(1)).status());
        assertArrayEquals(Files.readAllBytes(first), Files.readAllBytes(second));
        assertNotEquals(told, sample("-n", 2, "-o", first).err());
    }

    @Test
    void laterImagesOfASeedCanBeHadAloneInAnyBatch() throws IOException {
        var all = folder.resolve("all");
        var some = folder.resolve("some");
        var run = sample("--seed", 5, "-n", 6, "--batch", 6, "--threads", 1, "-o", all + "/");
        assertEquals(0, run.status(), run.err());
        assertEquals(all + System.lineSeparator(), run.out());
        assertEquals(
                0,
                sample("--seed", 5, "--first", 3, "-n", 2, "--batch", 1, "-o", some + "/")
                        .status());
        for (var name : List.of("image-000003.png", "image-000004.png")) {
            var one = ImageIO.read(some.resolve(name).toFile()).getRaster();
            var same = ImageIO.read(all.resolve(name).toFile()).getRaster();
            for (int y = 0; y < 8; y++) {
                for (int x = 0; x < 16; x++) {
                    // Kernels are chosen by batch size, which may move a value across the border of two levels.
                    assertEquals(same.getSample(x, y, 0), one.getSample(x, y, 0), 1, name + " " + x + ", " + y);
                }
            }
        }
        assertFalse(Files.exists(some.resolve("image-000005.png")));
        assertFalse(Files.exists(some.resolve("image-000002.png")));
    }

    @Test
    void anImageIsTheSameFileWhateverWasDrawnWithIt() throws IOException {
        assertEquals(
                0,
                sample("--seed", 5, "-n", 3, "--batch", 1, "-o", folder.resolve("all") + "/")
                        .status());
        assertEquals(
                0,
                sample("--seed", 5, "--first", 2, "-n", 1, "-o", folder.resolve("one") + "/")
                        .status());
        assertArrayEquals(
                Files.readAllBytes(folder.resolve("all/image-000002.png")),
                Files.readAllBytes(folder.resolve("one/image-000002.png")));
    }

    /** Five images in batches of two: the pixels of the folder's pictures, and nothing left beside the file. */
    @Test
    void anNpzFileHasThePixelsOfTheFolder(@TempDir Path folder) throws IOException {
        var file = folder.resolve("samples.npz");
        assertEquals(
                0,
                sample("--count", 5, "--batch", 2, "--seed", 3, "--out", file).status());
        assertEquals(List.of("samples.npz"), files(folder));
        var pictures = Files.createDirectory(folder.resolve("pictures"));
        assertEquals(0, sample("--count", 5, "--seed", 3, "--out", pictures).status());
        var images = ddpm.data.ArrayImages.open(file);
        assertEquals(5, images.size());
        for (int i = 0; i < 5; i++) {
            var picture =
                    ImageIO.read(pictures.resolve("image-00000" + i + ".png").toFile());
            var levels = new byte[images.shape().bytes()];
            images.read(i, levels, 0);
            for (int y = 0; y < images.height(); y++) {
                for (int x = 0; x < images.width(); x++) {
                    assertEquals(
                            picture.getRaster().getSample(x, y, 0),
                            levels[y * images.width() + x] & 0xff,
                            "image " + i);
                }
            }
        }
        var refused = sample("--count", 5, "--scale", 2, "--out", folder.resolve("large.npz"));
        assertEquals(2, refused.status());
        assertTrue(refused.err().contains("pixels of an .npz file are as they are"), refused.err());
    }

    @Test
    void anExistingFolderTakesOneFilePerImageAndRemarks() throws IOException {
        assertEquals(
                0, sample("-n", 2, "--seed", 77, "--steps", 3, "-o", folder).status());
        assertEquals(List.of("image-000000.png", "image-000001.png"), files());
        var bytes = new String(Files.readAllBytes(folder.resolve("image-000001.png")), StandardCharsets.ISO_8859_1);
        for (var remark : List.of("seed\00077", "image\0001", "steps\0003 of 10", "model\000tiny.safetensors")) {
            assertTrue(bytes.contains(remark), remark);
        }
        assertEquals(
                16, ImageIO.read(folder.resolve("image-000001.png").toFile()).getWidth());
    }

    @Test
    void anAnimationShowsEveryStateOfTheGrid() throws IOException {
        var gif = folder.resolve("t.gif");
        var run = sample("-n", 3, "--batch", 2, "--steps", 4, "--trajectory", gif, "-o", folder.resolve("g.png"));
        assertEquals(0, run.status(), run.err());
        assertEquals(folder.resolve("g.png") + System.lineSeparator() + gif + System.lineSeparator(), run.out());
        var reader = ImageIO.getImageReadersByFormatName("gif").next();
        try (var in = ImageIO.createImageInputStream(gif.toFile())) {
            reader.setInput(in);
            assertEquals(4, reader.getNumImages(true));
            var last = reader.read(3);
            var grid = ImageIO.read(folder.resolve("g.png").toFile());
            assertEquals(grid.getWidth(), last.getWidth());
            for (int x = 0; x < grid.getWidth(); x++) {
                assertEquals(
                        grid.getRaster().getSample(x, 30, 0), last.getRGB(x, 30) & 255, "the last state is the result");
            }
        } finally {
            reader.dispose();
        }
    }

    @Test
    void aStripHasARowPerImageAndEndsInTheResult() throws IOException {
        var strip = folder.resolve("strip.png");
        var out = folder.resolve("images");
        var run = sample("-n", 3, "--batch", 2, "--steps", 4, "--trajectory", strip, "-o", out + "/", "--scale", 1);
        assertEquals(0, run.status(), run.err());
        var picture = ImageIO.read(strip.toFile());
        assertEquals(4 * 18 + 2, picture.getWidth());
        assertEquals(3 * 10 + 2, picture.getHeight());
        for (int image = 0; image < 3; image++) {
            var alone = ImageIO.read(out.resolve("image-00000" + image + ".png").toFile());
            for (int x = 0; x < 16; x++) {
                assertEquals(
                        alone.getRaster().getSample(x, 4, 0),
                        picture.getRaster().getSample(2 + 3 * 18 + x, 2 + image * 10 + 4, 0));
            }
        }
    }

    @Test
    void estimatesOfTheImageAreFramesTooAndEndInTheImage() throws IOException {
        var result = folder.resolve("result.png");
        var noisy = folder.resolve("xt.png");
        var clean = folder.resolve("x0.png");
        for (var strip : List.of(List.of("xt", noisy), List.of("x0", clean))) {
            var run = sample(
                    "-n",
                    1,
                    "--seed",
                    4,
                    "--scale",
                    1,
                    "-o",
                    result,
                    "--trajectory",
                    strip.get(1),
                    "--frames",
                    strip.get(0),
                    "--frame-count",
                    3);
            assertEquals(0, run.status(), run.err());
            assertEquals(
                    3 * 18 + 2, ImageIO.read(((Path) strip.get(1)).toFile()).getWidth());
        }
        var states = ImageIO.read(noisy.toFile()).getRaster();
        var estimates = ImageIO.read(clean.toFile()).getRaster();
        var image = ImageIO.read(result.toFile()).getRaster();
        int differing = 0;
        for (int y = 2; y < 10; y++) {
            for (int x = 2; x < 18; x++) {
                assertEquals(image.getSample(x, y, 0), estimates.getSample(36 + x, y, 0), "the last column");
                differing += states.getSample(x, y, 0) == estimates.getSample(x, y, 0) ? 0 : 1;
            }
        }
        assertTrue(differing > 64, "in the first column x_t is no estimate of x0: " + differing);
        for (var wrong : List.of(List.of("--frames", "x0"), List.of("--frame-count", "3"))) {
            var run = sample(wrong.get(0), wrong.get(1));
            assertEquals(ExitCode.USAGE.status(), run.status());
            assertTrue(run.err().contains(wrong.get(0) + ": only with --trajectory"), run.err());
        }
    }

    @Test
    void imagesThatShareALatentBranchOffFromTheSeedsOwnImage() throws IOException {
        var shared = folder.resolve("shared.png");
        var run = sample("--share-from", "10,3", "--seed", 4, "--first", 2, "--scale", 1, "-o", shared);
        assertEquals(0, run.status(), run.err());
        assertEquals(shared + System.lineSeparator(), run.out());
        var grid = ImageIO.read(shared.toFile());
        assertEquals(5 * 18 + 2, grid.getWidth());
        assertEquals(2 * 10 + 2, grid.getHeight());
        var alone = folder.resolve("alone.png");
        sample("-n", 1, "--first", 2, "--seed", 4, "--scale", 1, "-o", alone);
        var image = ImageIO.read(alone.toFile()).getRaster();
        for (int row = 0; row < 2; row++) {
            int siblings = 0;
            for (int y = 2; y < 10; y++) {
                for (int x = 2; x < 18; x++) {
                    int first = grid.getRaster().getSample(18 + x, 10 * row + y, 0);
                    assertEquals(image.getSample(x, y, 0), first, 1, "the first image is the seed's own");
                    siblings += first == grid.getRaster().getSample(36 + x, 10 * row + y, 0) ? 0 : 1;
                }
            }
            assertTrue(siblings > 0, "the second goes its own way");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--share-from 11           | --share-from 11: 1..10 steps before the end of this chain",
                "--share-from 0            | --share-from 0: 1..10",
                "--share-from 5 --steps 4  | --share-from 5: 1..4",
                "--share-from x            | is not an int",
                "--share-from 5 --batch 2  | --batch: not with --share-from",
                "--share-from 5 --frames x0 | --share-from draws one picture",
                "--share-from 5 --trajectory a.gif | --share-from draws one picture",
                "--share-from 5 --sampler ddim | --share-from with --sampler ddim --eta 0, which adds no noise",
                "--share-from 5 --sampler dpm-solver | --share-from with --sampler dpm-solver, which adds no noise",
                "--share-from 5 --count 1000000 | at most 25000000 in all are made"
            })
    void whatCannotBeSharedIsWrongUsage(String options, String reason) {
        var run = sample((Object[]) options.strip().split(" "));
        assertEquals(ExitCode.USAGE.status(), run.status(), run.err());
        assertTrue(run.err().contains(reason), run.err());
        assertEquals(
                1, run.err().lines().filter(line -> line.startsWith("ddpm: ")).count(), run.err());
    }

    @Test
    void theChosenPrecisionIsToldAndDrawsTheSameAgain() throws IOException {
        var native16 = Processor.multipliesBfloat16();
        var pictures = new LinkedHashMap<String, byte[]>();
        for (var precision : List.of("auto", "fp32", "bf16")) {
            var grid = folder.resolve(precision + ".png");
            var run = sample("-n", 2, "--seed", 5, "--precision", precision, "--json", "-o", grid);
            assertEquals(0, run.status(), run.err());
            var used = precision.equals("auto") ? native16 ? "bf16" : "fp32" : precision;
            assertEquals(used, JSON.std.mapFrom(run.out()).get("precision"));
            assertTrue(run.err().contains(" threads, " + used + ", "), run.err());
            assertTrue(run.err().contains("--precision " + used + " draws them again"), run.err());
            assertEquals(used.equals("bf16"), run.err().contains("up to rounding with another --batch"), run.err());
            pictures.put(precision, Files.readAllBytes(grid));
            var bytes = new String(pictures.get(precision), StandardCharsets.ISO_8859_1);
            assertTrue(bytes.contains("precision\000" + used), "the picture says so too");
        }
        assertArrayEquals(pictures.get("auto"), pictures.get(native16 ? "bf16" : "fp32"));
        var wrong = sample("--precision", "fp16", "-o", folder.resolve("x.png"));
        assertEquals(2, wrong.status());
        assertTrue(wrong.err().contains("'fp16' is none of fp32, bf16, auto"), wrong.err());
    }

    @Test
    void verboseTellsWhyAndOthersDoNot() {
        var grid = folder.resolve("a.png");
        var told = sample("--verbose", "-n", 5, "--threads", 2, "--precision", "fp32", "-o", grid)
                .err();
        assertTrue(told.contains("precision fp32: as asked for"), told);
        assertTrue(told.contains("batch 5: all images at once, for up to 256 fit"), told); // 32 of 32 x 32 pixels
        assertTrue(told.contains("threads 2: each takes a slice of 3 images"), told);
        told = sample("--verbose", "-n", 5, "--batch", 1, "--threads", 2, "-o", grid)
                .err();
        assertTrue(told.contains("batch 1: as asked for") && told.contains("threads 2: one image cannot be cut"), told);
        assertTrue(sample("--verbose", "--threads", 1, "-o", grid).err().contains("threads 1: it takes all images"));
        assertFalse(sample("-o", grid).err().contains("as asked for"));
    }

    @Test
    void jsonIsTheOnlyThingOnStandardOutput() throws IOException {
        var out = folder.resolve("j");
        var run = sample("-n", 3, "--batch", 2, "--seed", 9, "--steps", 2, "--json", "--quiet", "-o", out + "/");
        assertEquals(0, run.status(), run.err());
        assertEquals("", run.err());
        Map<String, Object> json = JSON.std.mapFrom(run.out());
        assertEquals(
                List.of(0, 1, 2).stream()
                        .map(i -> out.resolve("image-00000" + i + ".png").toString())
                        .toList(),
                json.get("files"));
        assertEquals(9, json.get("seed"));
        assertEquals(2, json.get("steps"));
        assertEquals(List.of(3, 1, 8, 16), json.get("shape"));
        assertTrue(json.get("libtorch").toString().startsWith("2."));
    }

    @Test
    void clippingAndVarianceCanBeChosenAndMatter() throws IOException {
        var drawn = new ArrayList<byte[]>();
        for (var options : List.of("--clip", "--no-clip", "--variance=fixed-small")) {
            var out = folder.resolve(drawn.size() + "/");
            assertEquals(
                    0, sample("-n", 1, "--seed", 3, "-o", out + "/", options).status());
            drawn.add(pixels(out.resolve("image-000000.png")));
        }
        assertFalse(Arrays.equals(drawn.get(0), drawn.get(1)));
        assertFalse(Arrays.equals(drawn.get(0), drawn.get(2)));
    }

    private static byte[] pixels(Path png) throws IOException {
        return pixelsOf(png);
    }

    @Test
    void withoutATerminalNoCarriageReturnIsWritten() {
        var run = sample("-n", 2, "-o", folder.resolve("a.png"));
        assertTrue(run.err().contains("2 images in "), run.err());
        assertEquals(-1, run.err().replace(System.lineSeparator(), "\n").indexOf('\r'));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            --count abc                | 'abc' is not a whole number in 1..2147483647
            --count 0                  | '0' is not a whole number in 1..
            --count -1                 | '-1' is not a whole number in 1..
            --count 1.5                | '1.5' is not a whole number in 1..
            --count 2147483648         | '2147483648' is not a whole number in 1..2147483647
            --batch 0                  | '0' is not a whole number in 1..
            --steps 0                  | '0' is not a whole number from 1 to the model's T
            --steps 11                 | --steps 11: this model has 1..10 steps
            --seed 1e5                 | '1e5' is not a whole number in -9223372036854775808..9223372036854775807
            --first -1                 | '-1' is not a whole number in 0..72057594037927935
            --first 72057594037927935  | images have indices 0..72057594037927935
            --threads 0                | '0' is not a whole number in 1..1024
            --scale 65                 | '65' is not a whole number in 1..64
            --variance big             | 'big' is none of fixed-small, fixed-large
            --sampler magic            | 'magic' is none of ancestral, ddim, dpm-solver
            --sampler ddim --eta 2     | --eta 2.0: 0 to 1
            --eta 0.5                  | only with --sampler ddim
            --sampler ddim --variance fixed-small | --variance fixed-small: only with --sampler ancestral
            --graph-steps 0            | '0' is no number of steps per launch: use auto, none, all, or 1 to 999999
            --device gpu               | unknown device 'gpu': use cpu, cuda or cuda:N, or auto
            --out a.jpg                | end a file's name in .png or .npz, or a folder's in /
            --out=                     | --out '': end a file's name in .png
            --trajectory a.mp4         | end a file's name in .gif or .png
            --trajectory a/            | end a file's name in .gif or .png
            --count 1000000            | end --out in / for one file per image
            --count 99999999 --batch 99999999 --out no/ | --batch 99999999: at most 16777215 images
            --trajectory a.gif --count 20000 --out a/ | the trajectory of 20000 images would be
            """)
    void whatCannotBeMeantIsWrongUsageWithWhatIsAllowed(String options, String reason) throws IOException {
        var here = Path.of("").toAbsolutePath();
        var before = files(here);
        var run = sample((Object[]) options.split(" "));
        assertEquals(ExitCode.USAGE.status(), run.status(), run.err());
        assertEquals("", run.out());
        assertTrue(run.err().startsWith("ddpm: ") && run.err().contains(reason), run.err());
        assertEquals(before, files(here), "nothing was written");
    }

    @Test
    void oneNameForTwoResultsIsRefused() throws IOException {
        var run = sample("-o", folder.resolve("a.png"), "--trajectory", folder + "/./a.png");
        assertEquals(ExitCode.USAGE.status(), run.status());
        assertTrue(run.err().contains("--out and --trajectory both name"), run.err());
        assertEquals(List.of(), files());
    }

    @Test
    void aFolderNamedLikeAPictureIsRefusedAsAPicture() throws IOException {
        Files.createDirectory(folder.resolve("a.png"));
        var run = sample("-o", folder.resolve("a.png"));
        assertEquals(ExitCode.USAGE.status(), run.status());
        assertTrue(run.err().contains("is a folder; name a file in it"), run.err());
        assertEquals(0, sample("-n", 1, "-o", folder.resolve("a.png") + "/").status());
        assertTrue(Files.exists(folder.resolve("a.png/image-000000.png")));
    }

    @Test
    void missingFoldersOfTheResultAreMade() {
        var grid = folder.resolve("x/y/z.png");
        assertEquals(0, sample("-n", 1, "-o", grid).status());
        assertTrue(Files.exists(grid));
    }

    @Test
    void namesOfFullLengthAreWrittenAndLongerOnesRefusedAtOnce() throws IOException {
        var longest = folder.resolve("n".repeat(251) + ".png");
        assertEquals(0, sample("-n", 1, "-o", longest).status());
        assertTrue(Files.exists(longest));
        var wide = folder.resolve("\u00fc".repeat(125) + ".png"); // 254 bytes
        assertEquals(0, sample("-n", 1, "-o", wide).status());
        for (var option : List.of("-o", "--trajectory")) {
            var run = sample("-n", 1, option, folder.resolve("n".repeat(252) + ".png"));
            assertEquals(ExitCode.FAILED.status(), run.status());
            assertTrue(run.err().contains(": cannot be written: File name too long"), run.err());
            assertFalse(run.err().contains("images at a time"), "nothing was begun");
        }
        assertEquals(2, files().size(), "nothing else is left");
    }

    @Test
    void aFileWhereAFolderIsNeededIsAnErrorBeforeAnyStep() throws IOException {
        Files.writeString(folder.resolve("file"), "mine");
        var run = sample("-o", folder.resolve("file/a.png"));
        assertEquals(ExitCode.FAILED.status(), run.status());
        assertTrue(run.err().startsWith("ddpm: " + folder.resolve("file")), run.err());
        assertFalse(run.err().contains("images at a time"), "nothing was begun");
        assertEquals("mine", Files.readString(folder.resolve("file")));
    }

    @Test
    void aModelThatIsNoneIsAnErrorByName() throws IOException {
        var text = Files.writeString(folder.resolve("model.pt"), "hello");
        var out = folder.resolve("a.png");
        for (var bad : List.of(folder.resolve("missing.pt"), text, folder)) {
            var run = Cli.run("sample", "--model", bad, "--out", out);
            assertEquals(ExitCode.FAILED.status(), run.status());
            assertTrue(run.err().startsWith("ddpm: " + bad + ": "), run.err());
            assertEquals(1, run.err().lines().count(), run.err());
        }
        assertFalse(Files.exists(out));
    }

    @Test
    void aCardOfImpossiblyLargeImagesIsRefusedBeforeAnyMemoryIsTaken() throws IOException {
        var whole = Safetensors.read(tiny);
        var card = whole.metadata().get("ddpm").replace("\"height\":8", "\"height\":2000000000");
        var file = folder.resolve("huge.safetensors");
        Safetensors.write(file, whole.tensors(), Map.of("ddpm", card));
        var run = Cli.run("sample", "--model", file, "--out", folder.resolve("out") + "/");
        assertEquals(ExitCode.FAILED.status(), run.status());
        assertTrue(run.err().contains("makes images of 2000000000 x 16 pixels"), run.err());
        assertFalse(Files.exists(folder.resolve("out")));
    }

    @Test
    void aDeviceThatIsNotThereHasAStatusOfItsOwn() {
        var run = Cli.run("sample", "--model", tiny, "--device", "cuda:99", "--out", folder.resolve("x/a.png"));
        assertEquals(ExitCode.NO_DEVICE.status(), run.status());
        assertTrue(run.err().contains("no device cuda:99") && run.err().contains("--device cpu"), run.err());
        assertFalse(Files.exists(folder.resolve("x")));
    }

    @Test
    void aFolderWithoutLibtorchHasAStatusOfItsOwn() {
        var run = sample("--libtorch", folder, "--out", folder.resolve("a.png"));
        assertEquals(ExitCode.NO_LIBTORCH.status(), run.status());
        assertTrue(run.err().startsWith("ddpm: no libtorch in " + folder), run.err());
    }

    @Test
    void anInterruptedRunKeepsTheFilesThatAreDone() throws Exception {
        var out = folder.resolve("many");
        var results = new Cli[1];
        var thread = new Thread(() -> results[0] = sample("-n", 100000, "--batch", 1, "-o", out + "/"));
        thread.start();
        var third = out.resolve("image-000002.png");
        while (!Files.exists(third)) {
            assertTrue(thread.isAlive());
            Thread.sleep(2);
        }
        thread.interrupt();
        thread.join();
        assertEquals(ExitCode.INTERRUPTED.status(), results[0].status(), results[0].err());
        assertTrue(results[0].err().contains("ddpm: interrupted"), results[0].err());
        try (var files = Files.list(out)) {
            for (var file : files.toList()) {
                assertEquals(16, ImageIO.read(file.toFile()).getWidth(), file + " is whole");
            }
        }
    }
}
