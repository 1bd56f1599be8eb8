package ddpm.cli;

import ddpm.image.Animation;
import ddpm.image.GridLayout;
import ddpm.image.GridSize;
import ddpm.image.Images;
import ddpm.sampling.Sampler;
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

    private final Form form;
    private final int scale;
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

        /** A name that ends in .gif moves. */
        static Kind of(Path file) {
            return file.toString().toLowerCase(Locale.ROOT).endsWith(".gif") ? ANIMATION : STRIP;
        }
    }

    /**
     * A trajectory that is asked for.
     *
     * @param frames states or estimates of x0
     * @param states how many of them are shown
     */
    record Form(Path file, Sampler.Frames frames, int states) {
        /**
         * @param count as asked for, or null for what suits the kind
         * @param steps of the chain, each of which can be shown once
         */
        static Form of(Path file, Sampler.Frames frames, Integer count, int steps) {
            return new Form(file, frames, Math.min(count == null ? Kind.of(file).states : count, steps));
        }

        Kind kind() {
            return Kind.of(file);
        }

        /** The size of the strip, or of each frame. */
        GridSize size(SamplePlan plan, Integer scale) {
            boolean animation = kind() == Kind.ANIMATION;
            long pictures = animation ? plan.count() : (long) plan.count() * states;
            var layout = animation ? GridLayout.square(plan.count()) : GridLayout.ofColumns(states);
            return GridSize.of(
                    layout, pictures, plan.card().height(), plan.card().width(), scale);
        }
    }

    Trajectory(Form form, int scale, Map<String, String> text) {
        this.form = form;
        this.scale = scale;
        this.text = text;
    }

    Form form() {
        return form;
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
        switch (form.kind()) {
            case ANIMATION -> {
                var frames = states.stream()
                        .map(images ->
                                images.grid(GridLayout.square(images.count())).enlarged(scale))
                        .toList();
                new Animation(frames, FRAME, LAST_FRAME).write(form.file());
            }
            case STRIP ->
                Images.interleaved(states)
                        .grid(GridLayout.ofColumns(states.size()))
                        .enlarged(scale)
                        .write(form.file(), text);
        }
        return form.file();
    }
}
