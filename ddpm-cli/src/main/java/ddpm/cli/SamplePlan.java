package ddpm.cli;

import ddpm.diffusion.Clip;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Spacing;
import ddpm.model.ModelCard;
import ddpm.sampling.GraphSteps;
import ddpm.sampling.Known;
import ddpm.sampling.Sampler;
import ddpm.sampling.Solver;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The images to draw: with the same plan and model, anyone draws the same ones. The precision may be left open until the
 * device is known, see {@link #in}.
 *
 * @param model the model file's name, for remarks in the pictures
 * @param card the model's
 * @param chain the steps to walk
 * @param spacing of its steps among the model's
 * @param solver that walks it
 * @param clip whether x0 estimates are clipped
 * @param precision of the network
 * @param seed of all noise
 * @param first index of the first image
 * @param count how many images
 * @param classes of which class each is
 * @param batch how many of them at once, at most count; it does not change them beyond rounding
 * @param graphSteps steps per launch on a CUDA device
 * @param known pixels that are given
 */
record SamplePlan(
        String model,
        ModelCard card,
        Diffusion chain,
        Spacing spacing,
        Solver solver,
        Clip clip,
        Precision precision,
        long seed,
        long first,
        int count,
        ClassPlan classes,
        int batch,
        GraphSteps graphSteps,
        Optional<Known> known) {

    /** A copy in this precision. */
    SamplePlan in(Precision chosen) {
        return with(chosen, known);
    }

    /**
     * A copy that draws to known pixels.
     *
     * @throws IllegalArgumentException if the chain or the solver cannot jump as they ask for
     */
    SamplePlan withKnown(Known pixels) {
        sampler(1).withKnown(pixels);
        return with(precision, Optional.of(pixels));
    }

    private SamplePlan with(Precision chosen, Optional<Known> pixels) {
        return new SamplePlan(
                model,
                card,
                chain,
                spacing,
                solver,
                clip,
                chosen,
                seed,
                first,
                count,
                classes,
                batch,
                graphSteps,
                pixels);
    }

    /** The solver as {@code --sampler} names it. */
    String solverName() {
        return switch (solver) {
            case Solver.Ancestral _ -> "ancestral";
            case Solver.Ddim _ -> "ddim";
            default -> "dpm-solver";
        };
    }

    /** Whether images that share a state go on to different ends. */
    boolean addsNoise() {
        return !(solver instanceof Solver.DpmSolver) && !(solver instanceof Solver.Ddim ddim && ddim.eta() == 0);
    }

    int steps() {
        return chain.steps();
    }

    int batches() {
        return Math.ceilDiv(count, batch);
    }

    Sampler sampler(int threads) {
        var sampler = card.sampler(chain)
                .withSolver(solver)
                .withClip(clip)
                .withThreads(threads)
                .withGraphSteps(graphSteps);
        return known.map(sampler::withKnown).orElse(sampler);
    }

    /**
     * The text that goes into every picture. Nothing of how the images were asked for: image 13 of a seed is the same file
     * whatever was drawn with it.
     */
    Map<String, String> remarks() {
        var remarks = new LinkedHashMap<String, String>();
        remarks.put("Software", Main.Version.program());
        remarks.put("model", model);
        remarks.put("seed", Long.toString(seed));
        remarks.put("steps", steps() + " of " + chain.trainedSteps());
        remarks.put("sampler", solverName());
        switch (solver) {
            case Solver.Ancestral ancestral -> remarks.put("variance", Values.name(ancestral.variance()));
            case Solver.Ddim ddim -> remarks.put("eta", Double.toString(ddim.eta()));
            default -> {}
        }
        if (spacing != Spacing.EVEN) {
            remarks.put("spacing", Values.name(spacing));
        }
        known.ifPresent(pixels -> {
            remarks.put("jump-length", Integer.toString(pixels.jumpLength()));
            remarks.put("resamplings", Integer.toString(pixels.resamplings()));
        });
        remarks.put("clip", Boolean.toString(clip == Clip.X0));
        remarks.put("precision", precision.toString());
        return remarks;
    }

    /** The text of a picture of several images, whose classes it names. */
    Map<String, String> remarksOfAll() {
        var remarks = new LinkedHashMap<>(remarks());
        remarks.putAll(classes.remarks());
        return remarks;
    }
}
