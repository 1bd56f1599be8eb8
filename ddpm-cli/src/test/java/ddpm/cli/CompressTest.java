package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompressTest {
    @TempDir
    Path folder;

    private Path model;
    private Path pictures;

    @BeforeEach
    void makeModelAndPictures() throws IOException {
        model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        pictures = Cli.threePictures(folder.resolve("pictures"));
    }

    @Test
    void theTermsOfTheCodeLengthAddUpInEveryForm() throws IOException {
        var csv = folder.resolve("curve.csv");
        var plot = folder.resolve("curve.svg");
        var strip = folder.resolve("strip.png");
        var run = Cli.run(
                "compress",
                "--model",
                model,
                "--data",
                pictures,
                "-n",
                3,
                "--json",
                "-q",
                "--csv",
                csv,
                "--plot",
                plot,
                "--strip",
                strip);
        assertEquals(0, run.status(), run.err());
        Map<String, Object> json = JSON.std.mapFrom(run.out());
        double total = ((Number) json.get("bitsPerDim")).doubleValue();
        double rate = ((Number) json.get("rate")).doubleValue();
        double distortion = ((Number) json.get("distortion")).doubleValue();
        assertTrue(total > 0);
        assertEquals(total, rate + distortion, 1e-9 * total);
        assertEquals(Cli.STEPS, ((List<?>) json.get("curve")).size());
        var lines = Files.readAllLines(csv);
        assertEquals("timestep,rate_bits_per_dim,distortion_rmse_255", lines.getFirst());
        assertEquals(Cli.STEPS + 1, lines.size());
        assertTrue(lines.getLast().startsWith("0,"));
        assertTrue(Files.readString(plot).startsWith("<svg"));
        // Three rows of ten steps and the picture itself, which holds no grey but black and white.
        var grid = ImageIO.read(strip.toFile());
        int scale = grid.getWidth() / (11 * 18 + 2);
        assertEquals(scale * (3 * 10 + 2), grid.getHeight());
        for (int row = 0; row < 3; row++) {
            assertEquals(255, grid.getRaster().getSample(scale * (10 * 18 + 2 + 4), scale * (row * 10 + 2 + 3), 0));
            assertEquals(0, grid.getRaster().getSample(scale * (10 * 18 + 2 + 12), scale * (row * 10 + 2 + 3), 0));
        }

        var table = Cli.run("compress", "--model", model, "--data", pictures, "-n", 3, "-q");
        assertTrue(table.out().contains("bits/dim (standard error"), table.out());
    }

    @Test
    void theSameSeedMeasuresTheSameAndFewerStepsAreAnotherChain() {
        var first = Cli.run("compress", "--model", model, "--data", pictures, "-n", 2, "-q");
        var again = Cli.run("compress", "--model", model, "--data", pictures, "-n", 2, "-q", "--batch", 1);
        assertEquals(first.out(), again.out());
        var shorter = Cli.run("compress", "--model", model, "--data", pictures, "-n", 2, "-q", "--steps", 4);
        assertEquals(0, shorter.status(), shorter.err());
        assertFalse(shorter.out().equals(first.out()));
    }

    @Test
    void whatCannotBeMeantIsRefusedBeforeAnythingIsMeasured() {
        for (var wrong : List.of(
                List.of("--steps", "11", "--steps 11: this model has 1..10 steps"),
                List.of("--batch", "0", "0"),
                List.of("--plot", "a.png", ".svg"),
                List.of("--csv", "a.txt", ".csv"),
                List.of("--strip", "a.gif", ".png"))) {
            var run = Cli.run("compress", "-n", 3, "--model", model, "--data", pictures, wrong.get(0), wrong.get(1));
            assertEquals(ExitCode.USAGE.status(), run.status(), run.err());
            assertTrue(run.err().contains(wrong.get(2)), run.err());
            assertEquals("", run.out());
        }
    }
}
