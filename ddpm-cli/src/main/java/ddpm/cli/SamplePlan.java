package ddpm.cli;

import ddpm.diffusion.Clip;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Variance;
import ddpm.model.ModelCard;
import ddpm.sampling.GraphSteps;
import ddpm.sampling.Sampler;
import ddpm.sampling.Solver;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The images to draw: with the same plan and model, anyone draws the same ones. The precision may be left open until the
 * device is known, see {@link #in}.
 *
 * @param model the model file's name, for remarks in the pictures
 * @param card the model's
 * @param chain the steps to walk
 * @param method how the chain is walked
 * @param eta DDIM's noise, 0..1; of no effect elsewhere
 * @param variance of each step
 * @param clip whether x0 estimates are clipped
 * @param precision of the network
 * @param seed of all noise
 * @param first index of the first image
 * @param count how many images
 * @param classes of which class each is
 * @param batch how many of them at once, at most count; it does not change them beyond rounding
 * @param graphSteps steps per launch on a CUDA device
 */
record SamplePlan(
        String model,
        ModelCard card,
        Diffusion chain,
        Method method,
        double eta,
        Variance variance,
        Clip clip,
        Precision precision,
        long seed,
        long first,
        int count,
        ClassPlan classes,
        int batch,
        GraphSteps graphSteps) {

    /** The samplers there are. */
    enum Method {
        ANCESTRAL,
        DDIM,
        DPM_SOLVER
    }

    /** A copy in this precision. */
    SamplePlan in(Precision chosen) {
        return new SamplePlan(
                model,
                card,
                chain,
                method,
                eta,
                variance,
                clip,
                chosen,
                seed,
                first,
                count,
                classes,
                batch,
                graphSteps);
    }

    private Solver solver() {
        return switch (method) {
            case ANCESTRAL -> new Solver.Ancestral(variance);
            case DDIM -> new Solver.Ddim(eta);
            case DPM_SOLVER -> new Solver.DpmSolver();
        };
    }

    int steps() {
        return chain.steps();
    }

    int batches() {
        return Math.ceilDiv(count, batch);
    }

    Sampler sampler(int threads) {
        return card.sampler(chain)
                .withSolver(solver())
                .withClip(clip)
                .withThreads(threads)
                .withGraphSteps(graphSteps);
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
        remarks.put("sampler", Values.name(method));
        switch (method) {
            case ANCESTRAL -> remarks.put("variance", Values.name(variance));
            case DDIM -> remarks.put("eta", Double.toString(eta));
            case DPM_SOLVER -> {}
        }
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
