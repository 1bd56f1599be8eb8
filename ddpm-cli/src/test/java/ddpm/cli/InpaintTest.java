package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.diffusion.BetaSchedule;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntBinaryOperator;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InpaintTest {
    private static final IntBinaryOperator UPPER = (_, y) -> y < 4 ? 255 : 0;

    @TempDir
    Path folder;

    private Path model;
    private Path image;
    private Path mask;
    private String out;

    @BeforeEach
    void makeModelAndPictures() throws IOException {
        model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        image = picture("image.png", 16, 8, (x, y) -> 16 * y + x);
        out = folder.resolve("out") + "/";
        mask = picture("mask.png", 16, 8, UPPER);
    }

    private Path picture(String name, int width, int height, IntBinaryOperator level) throws IOException {
        var picture = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                picture.getRaster().setSample(x, y, 0, level.applyAsInt(x, y));
            }
        }
        var file = folder.resolve(name);
        ImageIO.write(picture, "png", file.toFile());
        return file;
    }

    private Cli inpaint(Object... args) {
        var all = new ArrayList<Object>(List.of("inpaint", image, "--model", model, "--out", out));
        all.addAll(List.of(args));
        return Cli.run(all.toArray());
    }

    @Test
    void aLongChainIsWalkedInThePapersNumberOfSteps() throws IOException {
        Cli.tinyModel(model, BetaSchedule.ho2020());
        var run = inpaint("--mask", mask, "-n", 1, "--resamplings", 1);
        assertEquals(0, run.status(), run.err());
        assertTrue(run.err().contains("250 steps and their repetitions are 250 evaluations of the network"), run.err());
    }

    @Test
    void theKnownPixelsComeBackAndTheOthersAreDrawn() throws IOException {
        var run = inpaint("--mask", mask, "-n", 2, "--jump-length", 3, "--resamplings", 2, "--seed", 5);
        assertEquals(0, run.status(), run.err());
        assertTrue(
                run.err().contains("10 steps and their repetitions are 19 evaluations of the network"),
                run.err()); // 10 and 3 from 0, 3 and 6
        var drawn = new ArrayList<List<Integer>>();
        for (var name : List.of("image-000000.png", "image-000001.png")) {
            var result =
                    ImageIO.read(folder.resolve("out").resolve(name).toFile()).getRaster();
            var below = new ArrayList<Integer>();
            for (int y = 0; y < 8; y++) {
                for (int x = 0; x < 16; x++) {
                    if (y < 4) {
                        assertEquals(16 * y + x, result.getSample(x, y, 0), "a known pixel of " + name);
                    } else {
                        below.add(result.getSample(x, y, 0));
                    }
                }
            }
            drawn.add(below);
        }
        assertFalse(drawn.get(0).equals(drawn.get(1)), "each image is drawn from noise of its own");
    }

    @Test
    void aSeedRepeatsTheImagesAndWithoutJumpsEverySolverDraws() throws IOException {
        var files = new ArrayList<Path>();
        for (var name : List.of("a.npz", "b.npz")) {
            files.add(folder.resolve(name));
            out = files.getLast().toString();
            var run = inpaint("--mask", mask, "-n", 1, "--jump-length", 2, "--seed", 5, "--json");
            assertEquals(0, run.status(), run.err());
            var json = JSON.std.mapFrom(run.out());
            assertEquals(List.of(2, 10), List.of(json.get("jumpLength"), json.get("resamplings")));
        }
        assertEquals(-1, Files.mismatch(files.get(0), files.get(1)));
        out = folder.resolve("solver.png").toString();
        var solver = inpaint("--mask", mask, "-n", 1, "--sampler", "dpm-solver", "--resamplings", 1);
        assertEquals(0, solver.status(), solver.err());
    }

    /** With the built-in model, which was not trained for this. */
    @Test
    void theLowerHalfOfADigitIsDrawnToItsUpperHalf() throws IOException {
        var digits = folder.resolve("digits") + "/";
        var sampled = Cli.run(
                "sample", "--class", 3, "--seed", 7, "-n", 1, "--sampler", "dpm-solver", "--steps", 20, "-o", digits);
        assertEquals(0, sampled.status(), sampled.err());
        var three = Path.of(digits, "image-000000.png");
        var upper = picture("upper.png", 32, 32, (_, y) -> y < 16 ? 255 : 0);
        var run = Cli.run(
                "inpaint",
                three,
                "--mask",
                upper,
                "--class",
                3,
                "-n",
                1,
                "--seed",
                3,
                "-o",
                out,
                "--sampler",
                "ddim",
                "--steps",
                20,
                "--jump-length",
                4,
                "--resamplings",
                2);
        assertEquals(0, run.status(), run.err());
        var before = ImageIO.read(three.toFile()).getRaster();
        var after = ImageIO.read(Path.of(out, "image-000000.png").toFile()).getRaster();
        int changed = 0;
        int ink = 0;
        int paper = 0;
        for (int y = 0; y < 32; y++) {
            for (int x = 0; x < 32; x++) {
                if (y < 16) {
                    assertEquals(before.getSample(x, y, 0), after.getSample(x, y, 0), "at " + x + ", " + y);
                    continue;
                }
                changed += before.getSample(x, y, 0) == after.getSample(x, y, 0) ? 0 : 1;
                ink += after.getSample(x, y, 0) > 200 ? 1 : 0;
                paper += after.getSample(x, y, 0) < 50 ? 1 : 0;
            }
        }
        assertTrue(changed > 20, "drawn anew");
        // Half of a digit of some 100 bright pixels on black: neither empty nor noise, which has as many of each level.
        assertTrue(ink >= 15 && ink <= 150 && paper >= 300, ink + " of 512 pixels are bright and " + paper + " dark");
    }

    @Test
    void wrongPicturesMasksAndNumbersAreOneSentence() throws IOException {
        var wide = picture("wide.png", 18, 8, UPPER);
        var text = Files.writeString(folder.resolve("text.png"), "no picture");
        refused(2, "is 8 x 18 pixels (height x width), and this model's images are 8 x 16", "--mask", wide);
        refused(2, "is white everywhere, so nothing is left to draw", "--mask", picture("w.png", 16, 8, (_, _) -> 255));
        refused(2, "is black everywhere, so no pixel is known", "--mask", picture("b.png", 16, 8, (_, _) -> 127));
        refused(2, "Missing required option: '--mask=MASK'");
        refused(2, "it must be shorter than the chain", "--mask", mask, "--jump-length", 10);
        refused(2, "use ancestral sampling or DDIM", "--mask", mask, "--jump-length", 2, "--sampler", "dpm-solver");
        refused(2, "'0' is not a whole number", "--mask", mask, "--resamplings", 0);
        refused(1, "text.png", "--mask", text);
        refused(1, "nowhere.png", "--mask", folder.resolve("nowhere.png"));
        image = wide;
        refused(2, "wide.png: is 8 x 18 pixels", "--mask", mask);
        assertFalse(Files.exists(folder.resolve("out")), "nothing was begun");
    }

    private void refused(int status, String message, Object... args) {
        var run = inpaint(args);
        assertEquals(status, run.status(), run.err());
        assertTrue(run.err().contains(message), run.err());
        assertFalse(run.err().contains("\tat "), run.err());
    }
}
