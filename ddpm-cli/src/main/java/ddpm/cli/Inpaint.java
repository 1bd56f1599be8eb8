package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.console.Json;
import ddpm.cli.result.Destination;
import ddpm.data.FolderOptions;
import ddpm.data.ImageFolder;
import ddpm.data.ImageShape;
import ddpm.image.Pixel;
import ddpm.sampling.Known;
import ddpm.torch.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ddpm inpaint}: the missing part of a picture, drawn to the rest of it (RePaint). */
@Command(
        name = "inpaint",
        description =
                "Draw a part of a picture to the rest of it, which stays as it is (RePaint, Lugmayr et al. 2022).",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class Inpaint implements Callable<Integer> {
    /** The level from which a pixel of a mask is white. */
    private static final int HALF = 128;

    /** The paper's number of steps: jumps repeat each of them, and all of a T of 1000 would be 9,910 evaluations. */
    private static final int USUAL_STEPS = 250;

    @Parameters(index = "0", paramLabel = "IMAGE", description = "A picture of the model's height and width.")
    private Path image;

    @Option(
            names = "--mask",
            required = true,
            paramLabel = "MASK",
            description = "A picture of the same size: white where IMAGE is known, black where it is drawn anew.")
    private Path mask;

    @Mixin
    private ModelOption model;

    @Option(
            names = {"-n", "--count"},
            paramLabel = "N",
            converter = Values.Count.class,
            defaultValue = "4",
            description = "How many different results (default: ${DEFAULT-VALUE}).")
    private int count;

    @Option(
            names = "--jump-length",
            paramLabel = "N",
            converter = Values.Count.class,
            defaultValue = "10",
            description =
                    "Steps that the chain goes back up at a time, fewer than --steps (default: ${DEFAULT-VALUE}).")
    private int jumpLength;

    @Option(
            names = "--resamplings",
            paramLabel = "N",
            converter = Values.Count.class,
            defaultValue = "10",
            description = "How often each stretch of so many steps is made: more fit the drawn part better to the known"
                    + " and take so many times longer; 1 never goes back up (default: ${DEFAULT-VALUE}).")
    private int resamplings;

    @Option(
            names = "--seed",
            paramLabel = "N",
            converter = Values.Seed.class,
            description = "Seed: the same one draws the same images (default: a fresh one, which is printed).")
    private Long seed;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "PATH",
            defaultValue = "inpainted.png",
            description =
                    "A .png file for one grid, a folder (ending in /, or there already) for one file per image, or an"
                            + " .npz file with all of them (default: ${DEFAULT-VALUE}).")
    private String out;

    @Mixin
    private DrawOptions drawing;

    @Mixin
    private EngineOptions engine;

    @Option(names = "--json", description = "Describe the result as one JSON object on standard output.")
    private boolean json;

    @Mixin
    private Console.Quiet quiet;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        var line = spec.commandLine();
        var console = quiet.console(line);
        var file = model.open(console);
        var stored = model.model(file);
        var card = stored.card();
        long drawn = seed == null ? ThreadLocalRandom.current().nextLong(1L << 32) : seed;
        var asked = new DrawOptions.Asked(drawn, 0, count, null, true, count, engine.threads(), USUAL_STEPS);
        var unmasked = drawing.plan(line, model.name(file), file, card, asked, null);
        var known = known(Measured.shape(file, card));
        var plan = checked(() -> unmasked.withKnown(known));
        var asPictures = checked(
                () -> new Pictures(plan, Destination.parse("--out", out, true, ".png", ".npz"), null, null, null));
        var torch = engine.load(console);
        var device = engine.device(torch, console);
        var whole = plan.in(drawing.precision().on(device, card.network()));
        asPictures.prepare();
        console.note("inpainting " + image + ": " + whole.steps() + " steps and their repetitions are "
                + known.steps(whole.chain()) + " evaluations of the network; fewer --steps or --resamplings take less");
        var run = new SampleRun(
                whole, new SampleRun.Share(0, 1, false), stored, torch, device, engine.threads(), console);
        try (var output = asPictures.toOutput(whole)) {
            var done = run.draw(output, null);
            line.getOut().println(json ? Json.of(done.describe()) : done.lines());
        }
        return ExitCode.DONE.status();
    }

    /** The known pixels of the picture, white in the mask. */
    private Known known(ImageShape shape) throws IOException {
        var pixels = new float[shape.bytes()];
        Pixel.values(read(image, shape), 0, pixels, 0, pixels.length);
        var levels = read(mask, new ImageShape(1, shape.height(), shape.width()));
        var white = new float[levels.length];
        int whites = 0;
        for (int i = 0; i < levels.length; i++) {
            boolean isWhite = (levels[i] & Pixel.WHITE) >= HALF;
            white[i] = isWhite ? 1 : 0;
            whites += isWhite ? 1 : 0;
        }
        if (whites == 0 || whites == white.length) {
            throw wrong("--mask " + mask + ": is " + (whites == 0 ? "black" : "white") + " everywhere, so "
                    + (whites == 0
                            ? "no pixel is known; white is what stays, and ddpm sample draws without a picture"
                            : "nothing is left to draw; black is what is drawn anew"));
        }
        return checked(() -> Known.of(
                pixels,
                Shape.of(1, shape.channels(), shape.height(), shape.width()),
                white,
                Shape.of(1, 1, shape.height(), shape.width()),
                jumpLength,
                resamplings));
    }

    /** A picture of exactly this size: a resized one would not come back pixel by pixel. */
    private byte[] read(Path picture, ImageShape shape) throws IOException {
        var size = ImageFolder.shapeOf(picture, shape.channels());
        if (!size.equals(shape)) {
            throw wrong(picture + ": is " + size.height() + " x " + size.width() + " pixels (height x width), and this"
                    + " model's images are " + shape.height() + " x " + shape.width()
                    + "; bring it to that size first");
        }
        return ImageFolder.read(picture, FolderOptions.of(shape));
    }

    private <T> T checked(Errors.Made<T, RuntimeException> made) {
        return Errors.checked(spec.commandLine(), made);
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
