package ddpm.model;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.nn.NetworkConfig;
import ddpm.sampling.Sampler;
import ddpm.sampling.Solver;
import ddpm.torch.Shape;
import java.io.IOException;
import java.util.Map;

/**
 * All that must be known of a model beside its weights.
 *
 * @param network which network, and how large
 * @param schedule the noise schedule it was trained with
 * @param prediction what its output means
 * @param variance of the reverse process that suits it; {@link Variance#LEARNED_RANGE} where it is learned
 * @param clip whether its x0 estimates are clipped while sampling
 * @param height of the images it was trained on, in pixels
 * @param width likewise
 * @param notes free text by name: where it came from, how long it was trained
 * @param classes what its labels mean
 */
public record ModelCard(
        NetworkConfig network,
        BetaSchedule schedule,
        Prediction prediction,
        Variance variance,
        Clip clip,
        int height,
        int width,
        Map<String, String> notes,
        Classes classes) {

    public ModelCard {
        notes = Map.copyOf(notes);
        int multiple = network.sizeMultiple();
        if (height < 1 || width < 1 || height % multiple != 0 || width % multiple != 0) {
            throw new IllegalArgumentException("images of " + height + " x " + width + " (height x width) do not suit a"
                    + " network that halves them to 1/" + multiple + ": use multiples of " + multiple);
        }
        int wanted = variance.outChannels(network.inChannels());
        if (network.outChannels() != wanted) {
            throw new IllegalArgumentException("the network has " + network.outChannels() + " channels out for "
                    + network.inChannels() + " in, and the variance " + variance + " needs " + wanted
                    + " out: twice as many as in where it is learned (LEARNED_RANGE), else as many");
        }
        if (network.labels() != classes.labels()) {
            throw new IllegalArgumentException("a network of " + network.labels() + " labels does not suit "
                    + classes.labels() + " classes, the null class included: " + classes);
        }
    }

    /** A card whose classes, if there are any, are only numbered. */
    public ModelCard(
            NetworkConfig network,
            BetaSchedule schedule,
            Prediction prediction,
            Variance variance,
            Clip clip,
            int height,
            int width,
            Map<String, String> notes) {
        this(
                network,
                schedule,
                prediction,
                variance,
                clip,
                height,
                width,
                notes,
                Classes.numbered(network.labels(), false));
    }

    /** A card with the paper's choices: epsilon prediction, fixed large variance, x0 clipped. */
    public static ModelCard of(NetworkConfig network, BetaSchedule schedule, int height, int width) {
        return new ModelCard(
                network, schedule, Prediction.EPSILON, Variance.FIXED_LARGE, Clip.X0, height, width, Map.of());
    }

    public ModelCard withNotes(Map<String, String> newNotes) {
        return new ModelCard(network, schedule, prediction, variance, clip, height, width, newNotes, classes);
    }

    /**
     * The card of a model like this for other classes.
     *
     * @throws IllegalArgumentException if the network cannot be class-conditional
     */
    public ModelCard withClasses(Classes newClasses) {
        return new ModelCard(
                network.withLabels(newClasses.labels()),
                schedule,
                prediction,
                variance,
                clip,
                height,
                width,
                notes,
                newClasses);
    }

    /** The card as metadata of a safetensors file, as {@link StoredModel} reads it again. */
    public Map<String, String> metadata() throws IOException {
        return Map.of("format", "pt", ModelLayout.CARD_KEY, CardJson.write(this));
    }

    /** {@code [count, C, height, width]}. */
    public Shape images(int count) {
        return Shape.of(count, network.inChannels(), height, width);
    }

    /** The ancestral sampler that suits the model, over all its timesteps or a respaced chain. */
    public Sampler sampler(Diffusion chain) {
        return new Sampler(chain, prediction, new Solver.Ancestral(variance), clip);
    }
}
