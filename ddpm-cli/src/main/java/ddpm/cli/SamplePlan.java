package ddpm.cli;

import ddpm.diffusion.Clip;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.ReverseTable;
import ddpm.diffusion.Sampler;
import ddpm.diffusion.Variance;
import ddpm.io.ModelCard;
import java.util.Map;

/**
 * What will be drawn, all questions answered: with the same plan and model, anyone draws the same images.
 *
 * @param model the model file's name, for remarks in the pictures
 * @param card the model's
 * @param chain the steps to walk
 * @param variance of each step
 * @param clip whether x0 estimates are clipped
 * @param seed of all noise
 * @param first index of the first image
 * @param count how many images
 * @param batch how many of them at once, at most count; it does not change them beyond rounding
 */
record SamplePlan(
        String model,
        ModelCard card,
        Diffusion chain,
        Variance variance,
        Clip clip,
        long seed,
        long first,
        int count,
        int batch) {

    int steps() {
        return chain.steps();
    }

    int batches() {
        return Math.ceilDiv(count, batch);
    }

    Sampler sampler(int threads) {
        return card.sampler(chain)
                .withTable(ReverseTable.ancestral(chain, card.prediction(), variance))
                .withClip(clip)
                .withThreads(threads);
    }

    /**
     * The text that goes into every picture. Nothing of how the images were asked for: image 13 of a seed is the same file
     * whatever was drawn with it.
     */
    Map<String, String> remarks() {
        return Map.of(
                "Software", Main.Version.program(),
                "model", model,
                "seed", Long.toString(seed),
                "steps", steps() + " of " + chain.trainedSteps(),
                "variance", EnumName.of(variance),
                "clip", Boolean.toString(clip == Clip.X0));
    }
}
