package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainTest {
    @TempDir
    static Path pictures;

    @TempDir
    Path folder;

    @BeforeAll
    static void pictures() throws IOException {
        for (int i = 0; i < 6; i++) {
            var picture = new BufferedImage(16, 8, BufferedImage.TYPE_BYTE_GRAY);
            picture.getRaster().setSample(2 * i, i, 0, 255);
            ImageIO.write(picture, "png", pictures.resolve("p" + i + ".png").toFile());
        }
    }

    private Cli train(Object... args) {
        var all = new ArrayList<Object>(List.of("train", "--data", pictures, "--out", folder.resolve("run")));
        all.addAll(List.of("--channels", 1, "--size", "8x16", "--base", 8, "--multipliers", "1,2", "--res-blocks", 1));
        all.addAll(List.of("--batch", 2, "--sample-every", 0, "--schedule", "linear(20, 0.01, 0.4)", "--threads", 2));
        all.addAll(List.of(args));
        return Cli.run(all.toArray());
    }

    @Test
    void aRunIsBegunGoneOnWithMeasuredAndSampled() throws IOException {
        var begun = train("--epochs", 1, "--validate", pictures, "--attention", 8);
        assertEquals(0, begun.status(), begun.err());
        var model = folder.resolve("run/model.safetensors");
        assertEquals(model + System.lineSeparator(), begun.out());
        assertTrue(begun.err().contains("saved step 3: loss "), begun.err());
        assertTrue(begun.err().contains("step 3: validation error "), begun.err());
        assertFalse(begun.err().contains("\r"), "no bar in a log");

        var resumed = train("--steps", 5, "--attention", 8, "--resume", "--preset", "mini");
        assertEquals(0, resumed.status(), resumed.err());
        assertTrue(resumed.err().contains("resuming at step 3 of 5"), resumed.err());
        var report = Files.readString(folder.resolve("run/report.html"));
        assertTrue(report.contains("ddpm train --data " + pictures), "how to go on");
        assertTrue(report.contains("'linear(20, 0.01, 0.4)'"), "quoted for a shell");

        var bars = folder.resolve("bars.svg");
        var measured =
                Cli.run("evaluate", "--model", model, "--data", pictures, "--batch", 4, "--json", "-q", "--plot", bars);
        assertEquals(0, measured.status(), measured.err());
        Map<String, Object> json = JSON.std.mapFrom(measured.out());
        assertEquals(6, json.get("images"));
        assertTrue(((Number) json.get("epsilonMse")).doubleValue() > 0);
        assertTrue(Files.readString(bars).startsWith("<svg"));

        var sampled = Cli.run("sample", "--model", model, "--steps", 2, "-n", 1, "-o", folder.resolve("s.png"));
        assertEquals(0, sampled.status(), sampled.err());
    }

    @Test
    void aLearnedVarianceIsTrainedMeasuredCompressedAndSampled() throws IOException {
        Object[] learned = {
            "--steps", 3, "--prediction", "v", "--loss", "hybrid", "--variance", "learned-range", "--validate", pictures
        };
        var begun = train(learned);
        assertEquals(0, begun.status(), begun.err());
        var state = Files.readString(folder.resolve("run/checkpoints/step-00000003/state.json"));
        assertTrue(state.contains("\"objective\" : \"HYBRID\""), state);
        learned[1] = 4;
        var resumed = train(learned);
        assertEquals(0, resumed.status(), resumed.err());
        assertTrue(resumed.err().contains("resuming at step 3 of 4"), resumed.err());

        var model = folder.resolve("run/model.safetensors");
        var info = Cli.run("info", model);
        assertTrue(info.out().matches("(?s).*predicts +v\\R.*variance +learned-range\\R.*"), info.out());
        for (var command : List.of("evaluate", "compress")) {
            var measured = Cli.run(command, "--model", model, "--data", pictures, "--count", 2, "-q");
            assertEquals(0, measured.status(), measured.err());
        }
        for (var sampler : List.of("ancestral", "ddim", "dpm-solver")) {
            var png = folder.resolve(sampler + ".png");
            var sampled = Cli.run("sample", "--model", model, "--steps", 4, "-n", 1, "--sampler", sampler, "-o", png);
            assertEquals(0, sampled.status(), sampled.err());
        }
        var fixed = Cli.run(
                "sample", "--model", model, "--variance", "fixed-small", "-n", 1, "-o", folder.resolve("fixed.png"));
        assertEquals(0, fixed.status(), fixed.err());
    }

    @Test
    void anotherObjectivePredictionOrVarianceInTheSameFolderFailsWithBothValues() {
        assertEquals(0, train("--steps", 2).status());
        var loss = train("--steps", 4, "--loss", "min-snr");
        assertEquals(1, loss.status());
        assertTrue(loss.err().contains("objective is SIMPLE there and MIN_SNR here"), loss.err());
        var other = train("--steps", 4, "--prediction", "x0", "--variance", "fixed-small");
        assertEquals(1, other.status());
        assertTrue(other.err().contains("prediction is EPSILON there and X0 here"), other.err());
        assertTrue(other.err().contains("variance is FIXED_LARGE there and FIXED_SMALL here"), other.err());
    }

    @Test
    void aVarianceThatTheModelDidNotLearnIsNoChoice() throws IOException {
        var model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        for (var command : List.of(
                List.<Object>of("sample", "--model", model),
                List.<Object>of("compress", "--model", model, "--data", pictures, "--count", 1))) {
            var all = new ArrayList<>(command);
            all.addAll(List.of("--variance", "learned-range"));
            var run = Cli.run(all.toArray());
            assertEquals(2, run.status(), run.err());
            assertTrue(run.err().contains("--variance learned-range: this model learned none"), run.err());
        }
    }

    @Test
    void anotherConfigurationInTheSameFolderFailsWithBothValues() {
        assertEquals(0, train("--steps", 2).status());
        var other = train("--steps", 4, "--ema", 0.5);
        assertEquals(1, other.status());
        assertTrue(other.err().contains("ema.decay is 0.999 there and 0.5 here"), other.err());
        var anew = train("--steps", 4, "--no-resume");
        assertEquals(2, anew.status());
        assertTrue(anew.err().contains("holds a run already"), anew.err());
    }

    @Test
    void theOptimizersOptionsArePartOfTheRun() throws IOException {
        var options =
                new ArrayList<Object>(List.of("--steps", 4, "--lr", 1e-3, "--warmup", 2, "--lr-schedule", "linear"));
        options.addAll(List.of("--betas", "0.8,0.99", "--weight-decay", 0.05, "--clip-gradient", 0.25));
        var begun = train(options.toArray());
        assertEquals(0, begun.status(), begun.err());
        var state = JSON.std.mapFrom(Files.readString(folder.resolve("run/checkpoints/step-00000004/state.json")));
        var config = (Map<?, ?>) state.get("config");
        assertEquals(Map.of("type", "linear", "rate", 1e-3, "warmup", 2, "total", 4), config.get("learningRate"));
        var adam = (Map<?, ?>) config.get("optimizer");
        assertEquals(List.of(0.8, 0.99, 0.05), List.of(adam.get("beta1"), adam.get("beta2"), adam.get("weightDecay")));
        assertEquals(0.25, config.get("clipNorm"));
        assertTrue(Files.readString(folder.resolve("run/run.json")).contains("\"linear\""));

        options.set(1, 6);
        var longer = train(options.toArray());
        assertEquals(1, longer.status());
        assertTrue(longer.err().contains("learningRate.total is 4 there and 6 here"), longer.err());
        options.set(1, 4);
        options.set(options.size() - 1, 1);
        var other = train(options.toArray());
        assertTrue(other.err().contains("clipNorm is 0.25 there and 1.0 here"), other.err());
    }

    @Test
    void aLossThatIsNoNumberEndsWithStatusOneAndTheStep() {
        var run = train("--steps", 20, "--lr", 1e38, "--warmup", 0);
        assertEquals(1, run.status());
        assertTrue(run.err().contains("ddpm: training diverged at step "), run.err());
        assertTrue(run.err().matches("(?s).*Images of the batch: \\S+p\\d\\.png, \\S+p\\d\\.png\\. .*"), run.err());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "--steps 2 --epochs 1 | either --steps N or --epochs E",
                "--steps 0            | '0' is not a whole number in 1..",
                "--steps 2 --lr -1    | a learning rate is positive",
                "--steps 2 --lr-schedule cosine --warmup 2 | falls to 0 at step 2 after a warm-up of 2 steps: the warm-up is",
                "--steps 2 --lr-schedule step | 'step' is none of constant, cosine, linear",
                "--steps 2 --betas 0.9 | '0.9' is not two numbers such as 0.9,0.999",
                "--steps 2 --betas 0.9,1 | Adam with betas 0.9, 1.0 (0 to below 1)",
                "--steps 2 --weight-decay -0.1 | weight decay -0.1 (at least 0",
                "--steps 2 --clip-gradient 0 | clipped to a positive and finite norm, not 0.0",
                "--steps 2 --ema 1    | an EMA decay is from 0 to below 1, not 1.0",
                "--steps 2 --attention 5 | --attention 5: feature maps of this network are [8, 4] high",
                "--steps 2 --model-config mini | give one of them",
                "--steps 2 --patch 3  | --patch 3: images of 8x16 cannot be cut into such squares",
                "--steps 2 --patch 0  | --patch 0: images of 8x16 cannot be cut into such squares",
                "--steps 2 --patch 4 --attention 8 | --attention 8: feature maps of this network are [2, 1] high",
                "--steps 2 --precision fp8 | 'fp8' is none of fp32, bf16",
                "--steps 2 --loss l2  | 'l2' is none of simple, min-snr, vlb, hybrid",
                "--steps 2 --prediction noise | 'noise' is none of epsilon, x0, v, mean",
                "--steps 2 --loss hybrid | HYBRID is L_simple with a term for the variance, and FIXED_LARGE is fixed",
                "--steps 2 --variance learned-range | SIMPLE says nothing about the variance",
                "--steps 2 --epochs-typo 1 | Unknown option",
                "--epochs NaN         | --epochs NaN: more than 0",
                "--steps 2 --resume   | holds no run with a checkpoint",
            })
    void wrongOptionsAreUsageErrorsThatSayWhatIsAllowed(String options, String message) {
        var run = train((Object[]) options.split(" "));
        assertEquals(2, run.status(), run.err());
        assertTrue(run.err().contains(message), run.err());
        assertFalse(Files.exists(folder.resolve("run")), "nothing was begun");
    }

    @Test
    void aNetworkOfPatchesIsTrainedStoredAndDrawn() {
        var begun = train("--steps", 2, "--patch", 2, "--attention", 4);
        assertEquals(0, begun.status(), begun.err());
        var model = folder.resolve("run/model.safetensors");
        assertTrue(Cli.run("info", model).out().contains("Patched[patch=2, inner=UNetConfig[inChannels=4"));
        var onnx = Cli.run("convert", model, folder.resolve("model.onnx"));
        assertEquals(0, onnx.status(), onnx.err());
        var diffusers = Cli.run("convert", model, folder.resolve("diffusers"), "--to", "diffusers");
        assertEquals(1, diffusers.status());
        assertTrue(diffusers.err().contains("diffusers has no network like Patched"), diffusers.err());
        var sampled = Cli.run("sample", "--model", model, "--steps", 2, "-n", 1, "-o", folder.resolve("s.png"));
        assertEquals(0, sampled.status(), sampled.err());
    }

    @Test
    void theNotebooksNetworkHasNoOutputsForAVariance() {
        var run = Cli.run(
                "train",
                "--data",
                pictures,
                "--out",
                folder.resolve("run"),
                "--steps",
                1,
                "--preset",
                "notebook",
                "--variance",
                "learned-range",
                "--loss",
                "vlb");
        assertEquals(2, run.status(), run.err());
        assertTrue(run.err().contains("so it learns no variance: choose a fixed one, or the paper's UNet"), run.err());
    }

    @Test
    void aBatchLargerThanTheImagesIsRefusedWithBothNumbers() {
        var run = Cli.run("train", "--data", pictures, "--out", folder.resolve("run"), "--steps", 1, "--batch", 7);
        assertEquals(2, run.status(), run.err());
        assertTrue(run.err().contains("--batch 7: there are only 6 images"), run.err());
    }

    @Test
    void aSizeThatLevelsCannotHalveNamesTheMultiple() {
        var run = Cli.run("train", "--data", pictures, "--out", folder.resolve("run"), "--steps", 1, "--size", "30x32");
        assertEquals(2, run.status(), run.err());
        assertTrue(run.err().contains("use multiples of 4"), run.err());
    }

    @Test
    void badPicturesAreNamedAndSkippedOnlyIfAsked() throws IOException {
        var mixed = Files.createDirectory(folder.resolve("mixed"));
        for (int i = 0; i < 3; i++) {
            Files.copy(pictures.resolve("p" + i + ".png"), mixed.resolve("p" + i + ".png"));
        }
        var whole = Files.readAllBytes(pictures.resolve("p4.png"));
        Files.write(mixed.resolve("half.png"), java.util.Arrays.copyOf(whole, whole.length / 2));
        Object[] args = {
            "train",
            "--data",
            mixed,
            "--out",
            folder.resolve("run"),
            "--steps",
            1,
            "--batch",
            2,
            "--size",
            "8x16",
            "--channels",
            1,
            "--base",
            8,
            "--multipliers",
            "1",
            "--sample-every",
            0
        };
        var failed = Cli.run(args);
        assertEquals(1, failed.status());
        assertTrue(failed.err().contains("half.png"), failed.err());
        var withSkip = new ArrayList<>(List.of(args));
        withSkip.add("--skip-bad-files");
        var skipped = Cli.run(withSkip.toArray());
        assertEquals(0, skipped.status(), skipped.err());
        assertTrue(skipped.err().contains("skipped: ") && skipped.err().contains("half.png"), skipped.err());
        var verified = Cli.run("data", "verify", mixed);
        assertEquals(1, verified.status());
        assertTrue(verified.out().contains("half.png") && verified.out().contains("3 of 4 images"), verified.out());
    }

    @Test
    void randomCropsAreAnotherRunWhereThereIsRoomForThem() throws IOException {
        Object[] wide = {"--size", "8x8", "--attention", 8};
        var models = new ArrayList<byte[]>();
        for (var crop : List.of("center", "centre", "random")) {
            var run = folder.resolve(crop);
            var all = new ArrayList<Object>(List.of("train", "--data", pictures, "--out", run, "--crop", crop));
            all.addAll(List.of("--channels", 1, "--base", 8, "--multipliers", "1", "--res-blocks", 1, "--batch", 2));
            all.addAll(List.of("--steps", 2, "--sample-every", 0, "--threads", 1));
            all.addAll(List.of(wide));
            var begun = Cli.run(all.toArray());
            assertEquals(0, begun.status(), begun.err());
            models.add(Files.readAllBytes(run.resolve("model.safetensors")));
            all.set(all.indexOf("--steps") + 1, 3);
            all.set(all.indexOf("--crop") + 1, crop.equals("random") ? "centre" : "random");
            assertEquals(1, Cli.run(all.toArray()).status(), "other crops are other images");
        }
        assertArrayEquals(models.get(0), models.get(1));
        assertFalse(java.util.Arrays.equals(models.get(0), models.get(2)));
    }

    @Test
    void aScheduleThatLeavesTheImageInItsNoiseIsWarnedOf() {
        for (var schedule : List.of("linear(10, 1e-4, 0.02)", "linear(20, 0.1, 0.5)")) {
            var run = Cli.run(
                    "train",
                    "--data",
                    pictures,
                    "--out",
                    folder.resolve("run" + schedule.substring(7, 9)),
                    "--channels",
                    1,
                    "--size",
                    "8x16",
                    "--base",
                    8,
                    "--multipliers",
                    "1,2",
                    "--res-blocks",
                    1,
                    "--batch",
                    2,
                    "--steps",
                    1,
                    "--sample-every",
                    0,
                    "--threads",
                    1,
                    "--schedule",
                    schedule);
            assertEquals(0, run.status(), run.err());
            boolean warned =
                    run.err().contains("warning: 95% of the image is still in x_T of linear(10, 1.0E-4, 0.02)");
            assertEquals(schedule.startsWith("linear(10"), warned, run.err());
            assertEquals(warned, run.err().contains("warning"), run.err());
        }
    }

    @Test
    void moreImagesThanThereAreAreNotMeasured() throws IOException {
        var model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        var run = Cli.run("evaluate", "--model", model, "--data", pictures, "--count", 7);
        assertEquals(2, run.status());
        assertTrue(run.err().contains("--count 7: there are 1..6 images"), run.err());
        var all = Cli.run("evaluate", "--model", model, "--data", pictures, "-q");
        assertEquals(0, all.status(), all.err());
        assertTrue(all.out().lines().toList().get(1).matches("all +\\d\\.\\d{6} +\\d\\.\\d{6} +6"), all.out());
    }

    @Test
    void whatIsNoSetAndNoCommandOfDataIsUsage() {
        assertEquals(2, Cli.run("data").status());
        var run = Cli.run("data", "fetch", "imagenet");
        assertEquals(2, run.status());
        assertTrue(run.err().contains("'imagenet' is none of mnist, cifar10"), run.err());
    }
}
