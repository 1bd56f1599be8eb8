package ddpm.cli;

import ddpm.cli.result.Destination;
import ddpm.image.GridLayout;
import ddpm.image.GridSize;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * The files that a run of {@code sample} leaves, checked before it starts.
 *
 * @param plan what is drawn
 * @param output one grid, or a folder of single images
 * @param trajectory the way there, or null
 * @param shareFrom how many steps before the end the images of each row part, see {@link ShareRun}; null if they share none
 * @param scale how far each pixel is enlarged, or null: grids to what a screen shows well, single images not at all
 */
record Pictures(
        SamplePlan plan, Destination output, Trajectory.Form trajectory, List<Integer> shareFrom, Integer scale) {
    /** @throws IllegalArgumentException if both are one file, or a picture would not fit memory */
    Pictures {
        if (shareFrom != null) {
            ShareRun.check(plan, shareFrom, scale);
        }
        if (trajectory != null && output.isSameAs(new Destination(trajectory.file(), false))) {
            throw new IllegalArgumentException(
                    "--out and --trajectory both name " + output.path() + "; give them different names");
        }
        if (isArray(output) && scale != null) {
            throw new IllegalArgumentException("--scale " + scale + ": pixels of an .npz file are as they are");
        }
        if (!output.isFolder() && !isArray(output) && shareFrom == null) {
            gridSize(plan, scale)
                    .requireModest(
                            "a grid of " + plan.count() + " images",
                            1,
                            "end --out in / for one file per image, or use a smaller --count or --scale");
        }
        if (trajectory != null) {
            requireModestTrajectory(plan, trajectory, scale);
        }
    }

    private static boolean isArray(Destination output) {
        return !output.isFolder()
                && output.path().toString().toLowerCase(Locale.ROOT).endsWith(".npz");
    }

    private static void requireModestTrajectory(SamplePlan plan, Trajectory.Form trajectory, Integer scale) {
        boolean animation = trajectory.kind() == Trajectory.Kind.ANIMATION;
        int channels = plan.card().network().inChannels();
        if (animation && channels % 2 == 0) {
            throw new IllegalArgumentException("--trajectory " + trajectory.file() + ": a GIF has no alpha channel,"
                    + " which these images of " + channels + " channels have; end the name in .png");
        }
        trajectory
                .size(plan, scale)
                .requireModest(
                        "the trajectory of " + plan.count() + " images",
                        animation ? trajectory.states() : 1,
                        "use a smaller --count, --frame-count or --scale");
    }

    private static GridSize gridSize(SamplePlan plan, Integer scale) {
        return GridSize.of(
                GridLayout.square(plan.count()),
                plan.count(),
                plan.card().height(),
                plan.card().width(),
                scale);
    }

    /** Makes the folders that they go to, and tries whether the files can be written. */
    void prepare() throws IOException {
        output.prepare();
        if (trajectory != null) {
            new Destination(trajectory.file(), false).prepare();
        }
    }

    /** The output that takes the images of the plan in its final precision. */
    SampleOutput toOutput(SamplePlan whole) throws IOException {
        if (isArray(output)) {
            return new SampleOutput.Npz(output.path(), plan.card().images(plan.count()), plan.classes());
        }
        return output.isFolder()
                ? new SampleOutput.Folder(output.path(), scale == null ? 1 : scale, whole.remarks(), plan.classes())
                : new SampleOutput.Grid(output.path(), gridSize(plan, scale).scale(), whole.remarks(), plan.classes());
    }

    /** The trajectory that takes the states on the way, or null. */
    Trajectory toTrajectory(SamplePlan whole) {
        return trajectory == null
                ? null
                : new Trajectory(trajectory, trajectory.size(plan, scale).scale(), whole.remarksOfAll());
    }
}
