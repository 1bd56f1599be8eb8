package ddpm.train;

import ddpm.data.DataException;
import ddpm.data.ImageSet;
import ddpm.model.ModelCard;
import ddpm.torch.Device;
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
 */
public record Recipe(
        ModelCard card,
        ImageSet data,
        TrainConfig config,
        Optional<ImageSet> validation,
        Optional<Path> weights,
        Device device) {

    public Recipe {
        Objects.requireNonNull(device, "device");
        config.objective().require(card.variance());
        if (validation.isPresent() && !validation.get().shape().equals(data.shape())) {
            throw new IllegalArgumentException(
                    "validation images are " + validation.get().shape()
                            + " (channels x height x width), training images " + data.shape() + "; they must be alike");
        }
    }

    /** Random weights, no validation, on the CPU. */
    public Recipe(ModelCard card, ImageSet data, TrainConfig config) {
        this(card, data, config, Optional.empty(), Optional.empty(), Device.CPU);
    }

    /**
     * The identity of the images: their fingerprint, and behind a hyphen that of their labels
     * if the model is class-conditional.
     *
     * @throws DataException if it is, and there are none
     */
    String dataset() throws DataException {
        return card.classes().isEmpty()
                ? data.fingerprint()
                : data.fingerprint() + "-" + data.labels().fingerprint();
    }

    public Recipe withConfig(TrainConfig newConfig) {
        return new Recipe(card, data, newConfig, validation, weights, device);
    }

    public Recipe withValidation(ImageSet images) {
        return new Recipe(card, data, config, Optional.of(images), weights, device);
    }

    public Recipe withWeights(Path file) {
        return new Recipe(card, data, config, validation, Optional.of(file), device);
    }

    public Recipe withDevice(Device newDevice) {
        return new Recipe(card, data, config, validation, weights, newDevice);
    }
}
