package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code evaluate --bits-per-dim}. */
class EvaluateBoundTest {
    @TempDir
    Path folder;

    private Path model;
    private Path pictures;

    @BeforeEach
    void makeModelAndPictures() throws IOException {
        model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        pictures = Cli.threePictures(folder.resolve("pictures"));
    }

    private Cli evaluate(Object... more) {
        var args = new ArrayList<Object>(
                List.of("evaluate", "--bits-per-dim", "-q", "--model", model, "--data", pictures, "-n", 3));
        args.addAll(List.of(more));
        return Cli.run(args.toArray());
    }

    @Test
    void anArchiveOfThePicturesGivesTheNumbersOfTheFolder() throws IOException {
        var loose = evaluate("--json", "--seed", 1);
        var archive = folder.resolve("pictures.zip");
        try (var zip = new ZipOutputStream(Files.newOutputStream(archive));
                var files = Files.list(pictures)) {
            for (var file : files.toList()) {
                zip.putNextEntry(new ZipEntry("pictures/" + file.getFileName()));
                zip.write(Files.readAllBytes(file));
            }
        }
        pictures = archive;
        var packed = evaluate("--json", "--seed", 1);
        assertEquals(0, packed.status(), packed.err());
        var expected = JSON.std.mapFrom(loose.out());
        var found = JSON.std.mapFrom(packed.out());
        for (var field : List.of("images", "bitsPerDim", "terms")) {
            assertEquals(expected.get(field), found.get(field), field);
        }
        var verified = Cli.run("data", "verify", archive);
        assertEquals("3 of 3 images can be used" + System.lineSeparator(), verified.out(), verified.err());
    }

    @Test
    void everyTermIsTold() throws IOException {
        var plot = folder.resolve("terms.svg");
        var run = evaluate("--json", "--plot", plot);
        assertEquals(0, run.status(), run.err());
        var json = JSON.std.mapFrom(run.out());
        assertEquals(3, json.get("images"));
        double sum = ((Number) json.get("prior")).doubleValue();
        var terms = (List<?>) json.get("terms");
        assertEquals(Cli.STEPS, terms.size());
        for (int t = 0; t < Cli.STEPS; t++) {
            var term = (List<?>) terms.get(t);
            assertEquals(t, term.getFirst());
            sum += ((Number) term.get(1)).doubleValue();
            assertTrue(((Number) term.get(2)).doubleValue() >= 0);
        }
        assertEquals(((Number) json.get("bitsPerDim")).doubleValue(), sum, 1e-9 * sum);
        assertTrue(Files.readString(plot).contains("bits/dim (standard error"));
    }

    @Test
    void itIsTheNumberThatCompressTells() throws IOException {
        var compress = Cli.run("compress", "--json", "-q", "--model", model, "--data", pictures, "-n", 3);
        for (var key : List.of("bitsPerDim", "standardError", "prior", "rate", "distortion")) {
            assertEquals(
                    JSON.std.mapFrom(compress.out()).get(key),
                    JSON.std.mapFrom(evaluate("--json").out()).get(key));
        }
    }

    @Test
    void theTableGoesFromThePriorToTheDecoder() {
        var lines = evaluate().out().lines().toList();
        assertTrue(lines.get(0).startsWith("term "), lines.toString());
        assertTrue(lines.get(1).startsWith("prior "), lines.toString());
        assertTrue(lines.get(2).matches("L_t +7\\.\\.9 +\\d+\\.\\d{6} +[0-9.e+-]+"), lines.toString());
        assertTrue(lines.get(6).startsWith("decoder, L_0 "), lines.toString());
        assertTrue(lines.get(7).startsWith("total "), lines.toString());
        assertEquals(8, lines.size());
    }

    @Test
    void aSinglePictureHasNoStandardErrorAndSaysSo() throws IOException {
        var run = Cli.run("evaluate", "--bits-per-dim", "-q", "--model", model, "--data", pictures, "-n", 1);
        assertTrue(run.out().lines().toList().getLast().endsWith(" -"), run.out());
    }

    @Test
    void optionsOfTheBoundAreRefusedWithoutIt() {
        for (var wrong : List.of(
                List.of("--steps", "4"), List.of("--variance", "fixed-small"), List.of("--no-clip", "--json"))) {
            var run = Cli.run("evaluate", "--model", model, "--data", pictures, wrong.get(0), wrong.get(1));
            assertEquals(ExitCode.USAGE.status(), run.status(), run.err());
            assertTrue(run.err().contains(": only with --bits-per-dim"), run.err());
        }
        var tooMany = evaluate("--steps", 11);
        assertEquals(ExitCode.USAGE.status(), tooMany.status(), tooMany.err());
        assertTrue(tooMany.err().contains("--steps 11: this model has 1..10 steps"), tooMany.err());
    }
}
