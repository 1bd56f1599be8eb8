package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InterpolateTest {
    @TempDir
    Path folder;

    private Path model;
    private Path a;
    private Path b;

    @BeforeEach
    void makeModelAndPictures() throws IOException {
        model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        a = picture("a.png", 0);
        b = picture("b.png", 255);
    }

    private Path picture(String name, int level) throws IOException {
        var picture = new BufferedImage(16, 8, BufferedImage.TYPE_BYTE_GRAY);
        for (int y = 0; y < 8; y++) {
            for (int x = 0; x < 16; x++) {
                picture.getRaster().setSample(x, y, 0, level);
            }
        }
        var file = folder.resolve(name);
        ImageIO.write(picture, "png", file.toFile());
        return file;
    }

    @Test
    void withoutNoisingThePixelsAreMixed() throws IOException {
        var out = folder.resolve("mixed.png");
        var run = Cli.run("interpolate", a, b, "--model", model, "--noising", "0", "-n", 3, "-o", out, "-q");
        assertEquals(0, run.status(), run.err());
        var grid = ImageIO.read(out.toFile());
        int scale = grid.getWidth() / (3 * 18 + 2);
        // The middle of each of three pictures of 16 x 8, two pixels of padding between.
        assertEquals(0, grid.getRaster().getSample(scale * (2 + 8), scale * (2 + 4), 0));
        assertEquals(128, grid.getRaster().getSample(scale * (20 + 8), scale * (2 + 4), 0), 1);
        assertEquals(255, grid.getRaster().getSample(scale * (38 + 8), scale * (2 + 4), 0));
    }

    @Test
    void rowsOfDifferentNoisingAreRepeatable() throws IOException {
        var first = folder.resolve("1.png");
        var second = folder.resolve("2.png");
        for (var out : new Path[] {first, second}) {
            var run = Cli.run("interpolate", a, b, "--model", model, "--noising", "10,4,0", "-n", 4, "-o", out);
            assertEquals(0, run.status(), run.err());
            assertEquals(out + System.lineSeparator(), run.out());
        }
        assertTrue(Files.mismatch(first, second) < 0);
    }

    @Test
    void ddimsLatentsAreMixedWithoutASeed() throws IOException {
        var out = folder.resolve("ddim.png");
        var run = Cli.run("interpolate", a, b, "--model", model, "--latent", "ddim", "--steps", 5, "-n", 3, "-o", out);
        assertEquals(0, run.status(), run.err());
        var grid = ImageIO.read(out.toFile());
        int scale = grid.getHeight() / (8 + 4);
        assertEquals(scale * (3 * 18 + 2), grid.getWidth(), "three pictures in one row");
        var again = folder.resolve("again.png");
        Cli.run("interpolate", a, b, "--model", model, "--latent", "ddim", "--steps", 5, "-n", 3, "-o", again);
        assertTrue(Files.mismatch(out, again) < 0);
        for (var wrong : new String[][] {
            {"--latent", "ddim", "--noising", "3", "--noising: not with --latent ddim"},
            {"--latent", "ddim", "--seed", "3", "--seed: not with --latent ddim"},
            {"--latent", "ddim", "--steps", "11", "--steps 11: this model has 1..10 steps"},
            {"--count", "3", "--steps", "5", "--steps 5: only with --latent ddim"},
            {"--latent", "noises", "--count", "3", "'noises'"}
        }) {
            var refused = Cli.run(
                    "interpolate",
                    a,
                    b,
                    "--model",
                    model,
                    wrong[0],
                    wrong[1],
                    wrong[2],
                    wrong[3],
                    "-o",
                    folder + "/no.png");
            assertEquals(ExitCode.USAGE.status(), refused.status(), refused.err());
            assertTrue(refused.err().contains(wrong[4]), refused.err());
        }
    }

    @Test
    void whatCannotBeMeantIsRefused() throws IOException {
        var usage = Cli.run("interpolate", a, b, "--model", model, "--noising", "11");
        assertEquals(ExitCode.USAGE.status(), usage.status());
        assertTrue(usage.err().contains("--noising 11: 0..10 steps"), usage.err());
        var missing = Cli.run("interpolate", a, folder.resolve("no.png"), "--model", model, "-o", folder + "/x.png");
        assertEquals(ExitCode.FAILED.status(), missing.status());
        assertTrue(missing.err().contains("no.png is not there"), missing.err());
        var text = Files.writeString(folder.resolve("text.png"), "no picture");
        var broken = Cli.run("interpolate", a, text, "--model", model, "-o", folder + "/x.png");
        assertEquals(ExitCode.FAILED.status(), broken.status());
        assertTrue(broken.err().contains("text.png is 10 bytes long"), broken.err());
        assertFalse(Files.exists(folder.resolve("x.png")));
    }
}
