package ddpm.cli;

import ddpm.diffusion.Clip;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Timesteps;
import ddpm.diffusion.Variance;
import ddpm.eval.VariationalBound;
import ddpm.model.ModelCard;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The bound that bits per dimension are measured by. */
final class BoundOptions {
    /** Images where no count is given: each goes through every step, a few seconds with the built-in model. */
    static final int COUNT = 32;

    @Option(
            names = "--steps",
            paramLabel = "N",
            converter = Values.Steps.class,
            description = "Steps of the bound's chain, at most the model's T; fewer cost more bits (default: T).")
    private Integer steps;

    @Option(
            names = "--variance",
            paramLabel = "KIND",
            description = "Of the bound's chain: fixed-small, fixed-large, or learned-range if the model learned one"
                    + " (default: what suits the model).")
    private Variance variance;

    @Option(
            names = "--clip",
            negatable = true,
            description = "Keep the bound's estimates of x0 in [-1, 1], or not (default: what suits the model).")
    private Boolean clip;

    /** An option that was given, by its name; null if none was. */
    String given() {
        return steps != null ? "--steps" : variance != null ? "--variance" : clip != null ? "--clip" : null;
    }

    /** The bound that these options choose for a model. */
    VariationalBound bound(CommandLine line, ModelCard card) {
        int trained = card.schedule().steps();
        if (steps != null && steps > trained) {
            throw new ParameterException(line, "--steps " + steps + ": this model has 1.." + trained + " steps");
        }
        DrawOptions.requireLearned(line, variance, card);
        var chain = new Diffusion(card.schedule());
        return new VariationalBound(
                steps == null || steps == trained ? chain : chain.respaced(Timesteps.even(trained, steps)),
                card.prediction(),
                variance == null ? card.variance() : variance,
                clip == null ? card.clip() : clip ? Clip.X0 : Clip.NONE);
    }
}
