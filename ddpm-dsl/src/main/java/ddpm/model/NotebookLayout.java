package ddpm.model;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.nn.UNetMini;
import java.util.List;
import java.util.Map;

/** The notebook's state dict of its UNetMini, under our own names; it stores nothing beside the weights. */
final class NotebookLayout {
    static final String MARKER = "time_mlp.0.weight";

    private static final int SIZE = 32;

    private NotebookLayout() {}

    /** Widths are read off the weights; everything else is as the notebook has it. */
    static StoredModel read(StateDict weights) {
        var in = weights.shape("in_conv.weight", 4);
        int base = Math.toIntExact(in.size(0));
        var config = new UNetMini.Config(
                Math.toIntExact(in.size(1)),
                base,
                List.of(
                        weights.multiplier("down1.conv1.weight", base),
                        weights.multiplier("down2.conv1.weight", base),
                        weights.multiplier("down3.conv1.weight", base)),
                Math.toIntExact(weights.shape(MARKER, 2).size(1)));
        var card = new ModelCard(
                config,
                BetaSchedule.ho2020(),
                Prediction.EPSILON,
                Variance.FIXED_SMALL,
                Clip.NONE,
                SIZE,
                SIZE,
                Map.of("source", "a PyTorch state dict in the notebook's layout; T = 1000, linear betas assumed"));
        return new StoredModel(ModelLayout.NOTEBOOK, card, weights, name -> name);
    }
}
