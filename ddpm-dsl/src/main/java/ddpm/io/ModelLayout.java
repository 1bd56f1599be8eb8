package ddpm.io;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.nn.UNetMini;
import ddpm.torch.Shape;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Whose file a model is: recognised by its metadata or by the names of its tensors. */
public enum ModelLayout {
    /** Ours: safetensors with a model card in the metadata. */
    DDPM("ddpm"),
    /** The notebook's {@code torch.save(ema_model.state_dict())} of its UNetMini. */
    NOTEBOOK("the notebook's UNetMini");

    /** The metadata key under which our files carry their card. */
    public static final String CARD_KEY = "ddpm";

    private final String description;

    ModelLayout(String description) {
        this.description = description;
    }

    @Override
    public String toString() {
        return description;
    }

    /**
     * @throws FileFormatException if no layout fits; the message says what was looked for
     */
    public static ModelLayout of(TensorFile file) throws FileFormatException {
        if (file.metadata().containsKey(CARD_KEY)) {
            return DDPM;
        }
        if (file.tensors().containsKey("time_mlp.0.weight") && file.tensors().containsKey("down3.conv1.weight")) {
            return NOTEBOOK;
        }
        throw new FileFormatException(
                file.path(),
                "holds " + file.tensors().size()
                        + " tensors, but not those of a model that can be loaded: neither a model"
                        + " of this program (metadata '" + CARD_KEY
                        + "') nor the notebook's UNetMini (time_mlp.0.weight, down3.conv1.weight, ...); 'info' lists"
                        + " what is in it");
    }

    /**
     * The card of a model in this layout: read where the file has one, else what the weights and the layout's habits say.
     * Needs no libtorch.
     *
     * @throws FileFormatException if the file's card cannot be used, or its weights are not what the layout has
     */
    public ModelCard card(TensorFile file) throws IOException {
        return switch (this) {
            case DDPM -> CardJson.read(file.path(), file.metadata().get(CARD_KEY));
            case NOTEBOOK -> notebook(file);
        };
    }

    /** Widths are read off the weights; everything else is as the notebook has it, for it stores nothing more. */
    private static ModelCard notebook(TensorFile file) throws FileFormatException {
        try {
            var in = shape(file, "in_conv.weight", 4);
            int base = Math.toIntExact(in.size(0));
            var config = new UNetMini.Config(
                    Math.toIntExact(in.size(1)),
                    base,
                    List.of(multiplier(file, 1, base), multiplier(file, 2, base), multiplier(file, 3, base)),
                    Math.toIntExact(shape(file, "time_mlp.0.weight", 2).size(1)));
            return new ModelCard(
                    config,
                    BetaSchedule.ho2020(),
                    Prediction.EPSILON,
                    Variance.FIXED_SMALL,
                    Clip.NONE,
                    32,
                    32,
                    Map.of("source", "a PyTorch state dict in the notebook's layout; T = 1000, linear betas assumed"));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new FileFormatException(file.path(), "looks like the notebook's UNetMini, but " + e.getMessage(), e);
        }
    }

    private static int multiplier(TensorFile file, int level, int base) {
        long width = shape(file, "down" + level + ".conv1.weight", 4).size(0);
        if (base == 0 || width % base != 0) {
            throw new IllegalArgumentException(
                    "level " + level + " is " + width + " wide, which is no multiple of " + base);
        }
        return Math.toIntExact(width / base);
    }

    private static Shape shape(TensorFile file, String name, int rank) {
        var tensor = file.tensors().get(name);
        if (tensor == null || tensor.shape().rank() != rank) {
            throw new IllegalArgumentException(name + " is "
                    + (tensor == null ? "missing" : tensor.shape().toString()) + ", not a tensor of rank " + rank);
        }
        return tensor.shape();
    }
}
