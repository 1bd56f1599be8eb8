package ddpm.model;

import ddpm.io.FileFormatException;
import ddpm.io.TensorFile;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Whose file a model is: recognised by its metadata or by the names of its tensors. */
public enum ModelLayout {
    /** Ours: safetensors with a model card in the metadata. */
    DDPM("ddpm"),
    /** The notebook's {@code torch.save(ema_model.state_dict())} of its UNetMini. */
    NOTEBOOK("the notebook's UNetMini", NotebookLayout.MARKER, "down3.conv1.weight"),
    /** A UNet2DModel of Hugging Face's diffusers, with its config.json beside it. */
    DIFFUSERS("diffusers", "conv_in.weight", "down_blocks.0.resnets.0.conv1.weight"),
    /** Ho et al.'s network in PyTorch, by pesser/pytorch_diffusion and ermongroup/ddim. */
    HO_PYTORCH("pesser/pytorch_diffusion and ermongroup/ddim", HoLayout.MARKER, "mid.block_1.conv1.weight"),
    /** The trainer's dict of w86763777/pytorch-ddpm. */
    W86763777("w86763777/pytorch-ddpm", W86763777Layout.MARKER, "head.weight");

    /** The metadata key under which our files carry their card. */
    public static final String CARD_KEY = "ddpm";

    private final String description;
    private final String marker;
    private final String second;

    ModelLayout(String description) {
        this(description, null, null);
    }

    /** Two tensors that together only this layout has; the first finds the prefix of all names. */
    ModelLayout(String description, String marker, String second) {
        this.description = description;
        this.marker = marker;
        this.second = second;
    }

    @Override
    public String toString() {
        return description;
    }

    /**
     * @throws FileFormatException if no layout fits; the message says what was looked for, or whose model it is instead
     */
    public static ModelLayout of(TensorFile file) throws FileFormatException {
        if (file.metadata().containsKey(CARD_KEY)) {
            return DDPM;
        }
        ForeignModel.refuse(file);
        for (var layout : values()) {
            if (layout.marker != null
                    && StateDict.all(file, layout.marker).stream().anyMatch(set -> set.has(layout.second))) {
                return layout;
            }
        }
        throw new FileFormatException(
                file.path(),
                "holds " + file.tensors().size()
                        + " tensors, but not those of a model that can be loaded: neither a model"
                        + " of this program (metadata '" + CARD_KEY + "') nor the tensors of "
                        + Arrays.stream(values())
                                .filter(layout -> layout.marker != null)
                                .map(layout -> layout + " (" + layout.marker + ", ...)")
                                .collect(Collectors.joining(" or "))
                        + "; 'info' lists what is in it");
    }

    /** The model in a file of this layout, whose weights are not compared with its network yet. */
    StoredModel read(TensorFile file, Weights which) throws IOException {
        try {
            if (this == DDPM) {
                return new StoredModel(
                        this,
                        CardJson.read(file.path(), file.metadata().get(CARD_KEY)),
                        new StateDict(file, "", false, file.tensors()),
                        name -> name);
            }
            var weights = StateDict.find(file, marker, which);
            return switch (this) {
                case DDPM -> throw new AssertionError("read above");
                case NOTEBOOK -> NotebookLayout.read(weights);
                case DIFFUSERS -> DiffusersFolder.read(weights);
                case HO_PYTORCH -> HoLayout.read(weights);
                case W86763777 -> W86763777Layout.read(weights);
            };
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new FileFormatException(file.path(), "looks like a model of " + this + ", but " + e.getMessage(), e);
        }
    }
}
