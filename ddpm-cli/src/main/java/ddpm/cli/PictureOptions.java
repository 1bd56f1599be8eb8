package ddpm.cli;

import ddpm.cli.result.Destination;
import ddpm.sampling.Sampler;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** The pictures that {@code sample} makes of a plan. */
final class PictureOptions {
    @Option(
            names = {"-o", "--out"},
            paramLabel = "PATH",
            defaultValue = "samples.png",
            description =
                    "A .png file for one grid, a folder (ending in /, or there already) for one file per image, or an"
                            + " .npz file with all of them as arr_0 of bytes [N, H, W, C] (default: ${DEFAULT-VALUE}).")
    private String out;

    @Option(
            names = "--trajectory",
            paramLabel = "PATH",
            description = "Also show the way out of the noise: a .gif moves, a .png has a row per image.")
    private String trajectory;

    @Option(
            names = "--frames",
            paramLabel = "KIND",
            description =
                    "Frames of --trajectory: xt, the noisy states, or x0, the estimates of the image (default: xt).")
    private Sampler.Frames frames;

    @Option(
            names = "--frame-count",
            paramLabel = "N",
            converter = Values.Count.class,
            description = "How many of them, evenly over the steps (default: 32 in a .gif, 10 in a .png).")
    private Integer frameCount;

    @Option(
            names = "--share-from",
            paramLabel = "N,..",
            split = ",",
            description =
                    "Draw images that share x_t, N steps before the end, in a row for each N that begins with x_t; the"
                            + " first image of a row is image --first of the seed.")
    private List<Integer> shareFrom;

    @Option(
            names = "--scale",
            paramLabel = "K",
            converter = Values.Scale.class,
            description = "Show each pixel as K x K (default: grids grow to about 512 pixels, single images do not).")
    private Integer scale;

    /** Whether the images share latents. */
    boolean sharing() {
        return shareFrom != null;
    }

    /** The pictures that are asked for, once all that can be wrong with them is refused. */
    Pictures of(CommandLine line, SamplePlan plan) {
        return Errors.checked(line, () -> pictures(plan));
    }

    private Pictures pictures(SamplePlan plan) {
        if (!sharing()) {
            var output = Destination.parse("--out", out, true, ".png", ".npz");
            return new Pictures(plan, output, trajectory(plan), null, scale);
        }
        if (trajectory != null || frames != null || frameCount != null) {
            throw new IllegalArgumentException(
                    "--share-from draws one picture; it goes without --trajectory, --frames and --frame-count");
        }
        return new Pictures(plan, Destination.parse("--out", out, false, ".png"), null, shareFrom, scale);
    }

    /** The trajectory that --trajectory and its two companions ask for, or null. */
    private Trajectory.Form trajectory(SamplePlan plan) {
        if (trajectory == null) {
            if (frames != null || frameCount != null) {
                throw new IllegalArgumentException(
                        (frames != null ? "--frames" : "--frame-count") + ": only with --trajectory");
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
}
