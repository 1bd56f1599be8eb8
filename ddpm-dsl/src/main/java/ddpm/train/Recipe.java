package ddpm.train;

import ddpm.data.DataException;
import ddpm.data.Examples;
import ddpm.data.ImageSet;
import ddpm.model.Model;
import ddpm.model.ModelCard;
import ddpm.torch.Device;
import ddpm.torch.collective.Group;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * Everything that decides the weights of a run: equal recipes give equal weights.
 *
 * @param card the model
 * @param data images to learn from
 * @param config how to train
 * @param validation images that are only measured on
 * @param weights a model file to begin with in the place of random weights, which for a conditional model may be one
 *     that knows no classes; its optimizer starts afresh
 * @param device where it is computed; another one rounds otherwise, and no more
 * @param loss the loss of each example, where it is not the configured objective
 */
public record Recipe(
        ModelCard card,
        Examples data,
        TrainConfig config,
        Optional<ImageSet> validation,
        Optional<Path> weights,
        Device device,
        Optional<OwnLoss> loss) {

    /**
     * A loss other than the configured objective.
     *
     * @param name what checkpoints remember it by: a resumed run must have the loss of this name
     */
    public record OwnLoss(String name, ExampleLoss loss) {}

    public Recipe {
        Objects.requireNonNull(device, "device");
        config.objective().require(card.variance());
        if (validation.isPresent() && !shape(validation.get()).equals(shape(data))) {
            throw new IllegalArgumentException("validation images are " + shape(validation.get())
                    + " (channels x height x width), training images " + shape(data) + "; they must be alike");
        }
    }

    private static String shape(Examples data) {
        return data.channels() + " x " + data.height() + " x " + data.width();
    }

    /** Random weights, no validation, on the CPU. */
    public Recipe(ModelCard card, Examples data, TrainConfig config) {
        this(card, data, config, Optional.empty(), Optional.empty(), Device.CPU, Optional.empty());
    }

    /**
     * The identity of the data: the images' fingerprint, behind a hyphen that of their labels if the model is
     * class-conditional, and the name of a loss that is not the configuration's.
     *
     * @throws DataException if it is, and there are none
     */
    String dataset() throws DataException {
        var images = card.classes().isEmpty()
                ? data.fingerprint()
                : data.fingerprint() + "-" + data.labels().fingerprint();
        return loss.isEmpty() ? images : images + ", loss " + loss.get().name();
    }

    public Recipe withConfig(TrainConfig newConfig) {
        return new Recipe(card, data, newConfig, validation, weights, device, loss);
    }

    public Recipe withValidation(ImageSet images) {
        return new Recipe(card, data, config, Optional.of(images), weights, device, loss);
    }

    public Recipe withWeights(Path file) {
        return new Recipe(card, data, config, validation, Optional.of(file), device, loss);
    }

    public Recipe withDevice(Device newDevice) {
        return new Recipe(card, data, config, validation, weights, newDevice, loss);
    }

    /**
     * This recipe with a loss other than the configured objective.
     *
     * @param name what checkpoints remember it by
     */
    public Recipe withLoss(String name, ExampleLoss newLoss) {
        return new Recipe(card, data, config, validation, weights, device, Optional.of(new OwnLoss(name, newLoss)));
    }

    /** A trainer of this recipe. */
    Trainer trainer(Model model, Group group) {
        return new Trainer(model, data, config, loss.map(OwnLoss::loss).orElse(null), group);
    }
}
