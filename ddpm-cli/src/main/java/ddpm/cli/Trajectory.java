package ddpm.cli;

import ddpm.io.Animation;
import ddpm.io.GridLayout;
import ddpm.io.Images;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Images on their way out of noise: a GIF shows the grid at several states one after another, a PNG has a row per image
 * and a column per state.
 */
final class Trajectory {
    private static final Duration FRAME = Duration.ofMillis(80);
    private static final Duration LAST_FRAME = Duration.ofSeconds(2);

    private final Path file;
    private final Kind kind;
    private final int scale;
    private final int states;
    private final Map<String, String> text;
    private final List<List<Images>> batchesByState = new ArrayList<>();

    /** The two pictures of a trajectory. */
    enum Kind {
        ANIMATION(32),
        STRIP(10);

        private final int states;

        Kind(int states) {
            this.states = states;
        }

        /** How many states are shown of a chain of so many steps. */
        int states(int steps) {
            return Math.min(states, steps);
        }

        /** A name that ends in .gif moves. */
        static Kind of(Path file) {
            return file.toString().toLowerCase(Locale.ROOT).endsWith(".gif") ? ANIMATION : STRIP;
        }

        /** The size of the strip, or of each frame. */
        GridSize size(SamplePlan plan, Integer scale) {
            long pictures = this == ANIMATION ? plan.count() : (long) plan.count() * states(plan.steps());
            var layout =
                    this == ANIMATION ? GridLayout.square(plan.count()) : GridLayout.ofColumns(states(plan.steps()));
            return GridSize.of(
                    layout, pictures, plan.card().height(), plan.card().width(), scale);
        }
    }

    Trajectory(Path file, Kind kind, int scale, int steps, Map<String, String> text) {
        this.file = file;
        this.kind = kind;
        this.scale = scale;
        this.states = kind.states(steps);
        this.text = text;
    }

    /** How many states of each batch are shown. */
    int states() {
        return states;
    }

    /** Takes the states of one batch, from noisy to clean; every batch has the same number of them. */
    void accept(List<Images> states) {
        while (batchesByState.size() < states.size()) {
            batchesByState.add(new ArrayList<>());
        }
        for (int i = 0; i < states.size(); i++) {
            batchesByState.get(i).add(states.get(i));
        }
    }

    /** Writes the file and returns it. */
    Path finish() throws IOException {
        var states = batchesByState.stream().map(Images::joined).toList();
        switch (kind) {
            case ANIMATION -> {
                var frames = states.stream()
                        .map(images ->
                                images.grid(GridLayout.square(images.count())).enlarged(scale))
                        .toList();
                new Animation(frames, FRAME, LAST_FRAME).write(file);
            }
            case STRIP ->
                Images.interleaved(states)
                        .grid(GridLayout.ofColumns(states.size()))
                        .enlarged(scale)
                        .write(file, text);
        }
        return file;
    }
}
