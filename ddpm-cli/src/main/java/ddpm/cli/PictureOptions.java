package ddpm.cli;

import ddpm.sampling.Sampler;
import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Which pictures of a plan {@code sample} makes. */
final class PictureOptions {
    @Option(
            names = {"-o", "--out"},
            paramLabel = "PATH",
            defaultValue = "samples.png",
            description = "A .png file for one grid, or a folder (ending in /, or there already) for one file per image"
                    + " (default: ${DEFAULT-VALUE}).")
    private String out;

    @Option(
            names = "--trajectory",
            paramLabel = "PATH",
            description = "Also show the way out of the noise: a .gif moves, a .png has a row per image.")
    private String trajectory;

    @Option(
            names = "--frames",
            paramLabel = "KIND",
            converter = FramesName.class,
            description =
                    "What --trajectory shows: xt, the noisy states, or x0, the estimates of the image (default: xt).")
    private Sampler.Frames frames;

    @Option(
            names = "--frame-count",
            paramLabel = "N",
            converter = WholeNumber.Count.class,
            description = "How many of them, evenly over the steps (default: 32 in a .gif, 10 in a .png).")
    private Integer frameCount;

    @Option(
            names = "--share-from",
            paramLabel = "N,..",
            split = ",",
            description =
                    "Draw images that share x_t, N steps before the end: a row for each N, x_t first. The first of"
                            + " them is image --first of the seed.")
    private List<Integer> shareFrom;

    @Option(
            names = "--scale",
            paramLabel = "K",
            converter = WholeNumber.Scale.class,
            description = "Show each pixel as K x K (default: grids grow to about 512 pixels, single images do not).")
    private Integer scale;

    /** xt, x0. */
    static final class FramesName extends EnumName<Sampler.Frames> {
        FramesName() {
            super(Sampler.Frames.class);
        }
    }

    /** Whether the images share latents. */
    boolean sharing() {
        return shareFrom != null;
    }

    /**
     * Draws what is asked for; everything that can be wrong is refused first.
     *
     * @param start loads what computes, once all is known to be well
     */
    SampleRun.Done draw(CommandLine line, SamplePlan plan, Supplier<SampleRun> start) throws IOException {
        return sharing() ? shared(line, plan, start) : all(line, plan, start);
    }

    private SampleRun.Done all(CommandLine line, SamplePlan plan, Supplier<SampleRun> start) throws IOException {
        Pictures pictures;
        try {
            pictures = new Pictures(plan, Destination.parse("--out", out, true, ".png"), trajectory(line, plan), scale);
        } catch (IllegalArgumentException e) {
            throw wrong(line, e);
        }
        var run = start.get();
        pictures.prepare();
        var drawn = run.plan();
        return run.draw(pictures.toOutput(drawn.remarks()), pictures.toTrajectory(drawn.remarksOfAll()));
    }

    private SampleRun.Done shared(CommandLine line, SamplePlan plan, Supplier<SampleRun> start) throws IOException {
        if (trajectory != null || frames != null || frameCount != null) {
            throw wrong(
                    line, "--share-from draws one picture; it goes without --trajectory, --frames and --frame-count");
        }
        var file = Destination.of(line, "--out", out, ".png");
        try {
            ShareRun.check(plan, shareFrom, scale);
        } catch (IllegalArgumentException e) {
            throw wrong(line, e);
        }
        var run = start.get();
        file.prepare();
        return new ShareRun(run, shareFrom, file.path(), scale).draw();
    }

    /** What --trajectory and its two companions ask for, or null. */
    private Trajectory.Form trajectory(CommandLine line, SamplePlan plan) {
        if (trajectory == null) {
            if (frames != null || frameCount != null) {
                throw wrong(line, (frames != null ? "--frames" : "--frame-count") + ": only with --trajectory");
            }
            return null;
        }
        return Trajectory.Form.of(
                Destination.parse("--trajectory", trajectory, false, ".gif", ".png")
                        .path(),
                frames == null ? Sampler.Frames.XT : frames,
                frameCount,
                plan.steps());
    }

    private static ParameterException wrong(CommandLine line, IllegalArgumentException e) {
        return new ParameterException(line, e.getMessage(), e);
    }

    private static ParameterException wrong(CommandLine line, String message) {
        return new ParameterException(line, message);
    }
}
