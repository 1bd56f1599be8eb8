package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.io.NpzFile;
import ddpm.io.StoredTensor;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code quality} refuses before it computes; the measures themselves are tested where they are. */
class QualityTest {
    @TempDir
    private Path folder;

    private String images;

    @BeforeEach
    void images() throws Exception {
        var file = folder.resolve("images.npz");
        NpzFile.write(
                file, Map.of("arr_0", new StoredTensor(DType.UINT8, Shape.of(3, 4, 4, 3), ByteBuffer.allocate(144))));
        images = file.toString();
    }

    private void assertRefused(int status, String message, String... more) {
        var arguments = new String[more.length + 3];
        arguments[0] = "quality";
        arguments[1] = "--images";
        arguments[2] = images;
        System.arraycopy(more, 0, arguments, 3, more.length);
        var run = Cli.run((Object[]) arguments);
        assertEquals(status, run.status(), run.err());
        assertTrue(run.err().contains(message), run.err());
        assertEquals("", run.out());
    }

    @Test
    void contradictionsAreRefused() {
        assertRefused(2, "--inception");
        assertRefused(2, "nothing to measure", "--inception", "x.pth");
        assertRefused(2, "give one of them", "--inception", "x", "--data", images, "--statistics", "s.npz");
        assertRefused(2, "--kid needs the real images", "--inception", "x", "--kid", "--is");
        assertRefused(2, "--neighbours needs the real images", "--inception", "x", "--neighbours", "n", "--is");
        assertRefused(2, "only with --neighbours", "--features", "pixels", "--data", images, "--unseen", images);
        assertRefused(2, "tell no classes", "--features", "pixels", "--is");
        assertRefused(2, "not with --features digits", "--features", "digits", "--inception", "x", "--is");
        assertRefused(2, "nothing is drawn with --images", "--features", "digits", "--is", "--steps", "5");
        assertRefused(2, "1 or 3", "--features", "pixels", "--data", images, "--channels", "2");
        assertRefused(2, "--precision-recall needs", "--inception", "x", "--precision-recall", "--statistics", "s.npz");
    }

    @Test
    void otherFilesAreRefusedByName() throws Exception {
        var wrong = folder.resolve("wrong.safetensors");
        ddpm.io.Safetensors.write(
                wrong, Map.of("w", new StoredTensor(DType.FLOAT32, Shape.of(1), ByteBuffer.allocate(4))), Map.of());
        assertRefused(1, "is not the Inception network", "--inception", wrong.toString(), "--is");
        var other = folder.resolve("other.npz");
        NpzFile.write(
                other, Map.of("arr_0", new StoredTensor(DType.UINT8, Shape.of(3, 4, 5, 3), ByteBuffer.allocate(180))));
        assertRefused(2, "measure equal shapes", "--inception", wrong.toString(), "--data", other.toString());
        Files.writeString(folder.resolve("text.npz"), "no zip");
        assertRefused(
                1,
                "not an .npz file",
                "--inception",
                wrong.toString(),
                "--data",
                folder.resolve("text.npz").toString());
    }

    @Test
    void imagesThatTheNetworkCannotReadAndOtherStatisticsAreRefused() throws Exception {
        assertRefused(2, "32 x 32 pixels, and these are 4 x 4", "--features", "digits", "--is");
        var statistics = folder.resolve("statistics.npz");
        var two = ByteBuffer.allocate(32).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        two.putDouble(0, 1).putDouble(24, 1);
        NpzFile.write(
                statistics,
                Map.of(
                        "mu", new StoredTensor(DType.FLOAT64, Shape.of(2), ByteBuffer.allocate(16)),
                        "sigma", new StoredTensor(DType.FLOAT64, Shape.of(2, 2), two)));
        assertRefused(
                2, "is of 2 features, and the network has 48", "--features", "pixels", "--statistics", "" + statistics);
    }

    @Test
    void foldersOfSeveralSizesAndGreyBesideColourAreRefused() throws Exception {
        var pictures = Cli.threePictures(folder.resolve("pictures"));
        var wide = new java.awt.image.BufferedImage(20, 8, java.awt.image.BufferedImage.TYPE_BYTE_GRAY);
        javax.imageio.ImageIO.write(wide, "png", pictures.resolve("wide.png").toFile());
        assertRefused(1, "wide.png is 8 x 20", "--features", "pixels", "--data", "" + pictures);
        Files.delete(pictures.resolve("wide.png"));
        assertRefused(2, "measure equal shapes", "--features", "pixels", "--data", "" + pictures);
        var grey = folder.resolve("grey.npz");
        NpzFile.write(
                grey, Map.of("arr_0", new StoredTensor(DType.UINT8, Shape.of(3, 4, 4, 1), ByteBuffer.allocate(48))));
        assertRefused(2, "see --size and --channels", "--features", "pixels", "--data", "" + grey);
        var one = folder.resolve("one.npz");
        NpzFile.write(
                one, Map.of("arr_0", new StoredTensor(DType.UINT8, Shape.of(1, 4, 4, 3), ByteBuffer.allocate(48))));
        assertRefused(2, "at least 2 are needed", "--features", "pixels", "--data", "" + one);
    }

    /** Drawn images are kept, a part of them is drawn again, and images drawn otherwise are not taken for these. */
    @Test
    void whatIsDrawnIsKeptAndGoneOnWith() throws Exception {
        var model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        var real = Cli.threePictures(folder.resolve("real"));
        var kept = folder.resolve("kept");
        Object[] command = {
            "quality",
            "--model",
            model,
            "--count",
            6,
            "--features",
            "pixels",
            "--data",
            real,
            "--channels",
            1,
            "--keep-images",
            kept,
            "--neighbours",
            folder.resolve("near"),
            "--unseen",
            real,
            "--threads",
            1,
            "--json"
        };
        var first = Cli.run(command);
        assertEquals(0, first.status(), first.err());
        assertTrue(first.out().contains("\"nearerInPixels\""), first.out());
        Files.delete(kept.resolve("image-000003.png"));
        var again = Cli.run(command);
        assertEquals(first.out(), again.out());
        try (var lines = Files.lines(folder.resolve("near/neighbours.csv"))) {
            assertEquals(1 + 6 * 3, lines.count());
        }
        assertTrue(Files.size(folder.resolve("near/neighbours.png")) > 100);
        var changed = command.clone();
        changed[4] = 5;
        var refused = Cli.run(changed);
        assertEquals(2, refused.status());
        assertTrue(refused.err().contains("holds images drawn otherwise"), refused.err());
        changed[4] = 6;
        changed[12] = real;
        var others = Cli.run(changed);
        assertEquals(2, others.status());
        assertTrue(others.err().contains("holds other files"), others.err());
    }

    /** Without --keep-images they lie in memory; their figures are the same, and so are those found in a cache. */
    @Test
    void keptDrawnAndCachedImagesMeasureAlike() throws Exception {
        var model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        var real = Cli.threePictures(folder.resolve("real"));
        Object[] command = {
            "quality",
            "--model",
            model,
            "--count",
            5,
            "--features",
            "pixels",
            "--data",
            real,
            "--channels",
            1,
            "--all",
            "--precision",
            "fp32",
            "--json",
            "--cache",
            folder.resolve("cache")
        };
        assertEquals(2, Cli.run(command).status(), "precision and recall need more than three neighbours");
        var images = folder.resolve("drawn.npz");
        Cli.run("sample", "--model", model, "--count", 5, "--seed", 0, "--out", images, "--precision", "fp32");
        command[11] = "--kid";
        var drawn = Cli.run(command);
        assertEquals(0, drawn.status(), drawn.err());
        assertEquals(drawn.out(), Cli.run(command).out());
        var given = Cli.run(
                "quality",
                "--images",
                images,
                "--features",
                "pixels",
                "--data",
                real,
                "--channels",
                1,
                "--kid",
                "--json");
        assertEquals(drawn.out(), given.out(), given.err());
        try (var files = Files.list(folder.resolve("cache"))) {
            assertEquals(2, files.count());
        }
    }

    @Test
    void samplesAreMeasuredWhileTraining() throws Exception {
        var pictures = Cli.threePictures(folder.resolve("pictures"));
        Object[] command = {
            "train",
            "--data",
            pictures,
            "--out",
            folder.resolve("run"),
            "--size",
            "8x8",
            "--base",
            16,
            "--multipliers",
            "1,1",
            "--res-blocks",
            1,
            "--steps",
            2,
            "--batch",
            2,
            "--sample-every",
            0,
            "--threads",
            1,
            "--fid-every",
            1,
            "--fid-count",
            3,
            "--features",
            "pixels"
        };
        var run = Cli.run(command);
        assertEquals(0, run.status(), run.err());
        assertTrue(run.err().contains("step 2: FID "), run.err());
        assertTrue(Files.readString(folder.resolve("run/metrics.jsonl")).contains("\"features\":\"pixels\""));
        var digits = command.clone();
        digits[4] = folder.resolve("other");
        digits[digits.length - 1] = "digits";
        var refused = Cli.run(digits);
        assertEquals(2, refused.status());
        assertTrue(refused.err().contains("these are 8 x 8"), refused.err());
        var alone = Cli.run("train", "--data", pictures, "--out", folder.resolve("x"), "--features", "pixels");
        assertEquals(2, alone.status());
        assertTrue(alone.err().contains("--features: only with --fid-every"), alone.err());
    }

    @Test
    void evaluateTellsWhereFidIs() {
        for (var option : new String[] {"--fid", "--kid", "--quality"}) {
            var run = Cli.run("evaluate", "--data", images, option);
            assertEquals(2, run.status());
            assertTrue(run.err().contains("measured by: ddpm quality"), run.err());
        }
    }

    @Test
    void drawingWithoutACountIsRefused() {
        var run = Cli.run("quality", "--features", "digits", "--is");
        assertEquals(2, run.status());
        assertTrue(run.err().contains("--count is missing"), run.err());
    }

    /** The built-in model's digits are told from nothing but its weights and those of the classifier. */
    @Test
    void digitsOfTheBuiltInModelAreReadAsAskedFor() {
        var run = Cli.run(
                "quality", "--count", 20, "--steps", 10, "--sampler", "dpm-solver", "--features", "digits", "--is");
        assertEquals(0, run.status(), run.err());
        assertTrue(run.out().contains("asAsked"), run.out());
        assertTrue(run.out().contains("inceptionScore"), run.out());
    }
}
