package ddpm.cli;

import ddpm.io.GridLayout;
import java.io.IOException;

/**
 * The files that a run of {@code sample} leaves, checked before it starts.
 *
 * @param plan what is drawn
 * @param output one grid, or a folder of single images
 * @param trajectory a GIF or a strip of the way there, or null
 * @param scale how far each pixel is enlarged, or null: grids to what a screen shows well, single images not at all
 */
record Pictures(SamplePlan plan, Destination output, Destination trajectory, Integer scale) {
    /**
     * @param out as given to {@code --out}
     * @param way as given to {@code --trajectory}, or null
     * @throws IllegalArgumentException if a name says no kind of file, both are one, or a picture would not fit memory
     */
    static Pictures parse(SamplePlan plan, String out, String way, Integer scale) {
        return new Pictures(
                plan,
                Destination.parse("--out", out, true, ".png"),
                way == null ? null : Destination.parse("--trajectory", way, false, ".gif", ".png"),
                scale);
    }

    Pictures {
        if (trajectory != null && trajectory.isSameAs(output)) {
            throw new IllegalArgumentException(
                    "--out and --trajectory both name " + output.path() + "; give them different names");
        }
        if (!output.isFolder()) {
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

    private static void requireModestTrajectory(SamplePlan plan, Destination trajectory, Integer scale) {
        var kind = Trajectory.Kind.of(trajectory.path());
        int channels = plan.card().network().inChannels();
        if (kind == Trajectory.Kind.ANIMATION && channels % 2 == 0) {
            throw new IllegalArgumentException("--trajectory " + trajectory.path() + ": a GIF has no alpha channel,"
                    + " which these images of " + channels + " channels have; end the name in .png");
        }
        kind.size(plan, scale)
                .requireModest(
                        "the trajectory of " + plan.count() + " images",
                        kind == Trajectory.Kind.ANIMATION ? kind.states(plan.steps()) : 1,
                        "use a smaller --count or --scale");
    }

    private static GridSize gridSize(SamplePlan plan, Integer scale) {
        return GridSize.of(
                GridLayout.square(plan.count()),
                plan.count(),
                plan.card().height(),
                plan.card().width(),
                scale);
    }

    /** Makes the folders they go to. */
    void prepare() throws IOException {
        output.prepare();
        if (trajectory != null) {
            trajectory.prepare();
        }
    }

    /** What takes the images. */
    SampleOutput toOutput() {
        return output.isFolder()
                ? new SampleOutput.Folder(output.path(), scale == null ? 1 : scale, plan.remarks(), plan.classes())
                : new SampleOutput.Grid(output.path(), gridSize(plan, scale).scale(), plan.remarks(), plan.classes());
    }

    /** What takes the states on the way, or null. */
    Trajectory toTrajectory() {
        if (trajectory == null) {
            return null;
        }
        var kind = Trajectory.Kind.of(trajectory.path());
        return new Trajectory(trajectory.path(), kind, kind.size(plan, scale).scale(), plan.steps(), plan.remarks());
    }
}
