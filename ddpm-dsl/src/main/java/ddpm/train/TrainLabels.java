package ddpm.train;

import ddpm.data.DataException;
import ddpm.data.ImageSet;
import ddpm.diffusion.Noise;
import ddpm.model.Classes;
import java.io.UncheckedIOException;

/** What a conditional network is told of a training example: its class, or with some probability that it has none. */
final class TrainLabels {
    private final int[] labels;
    private final int nullLabel;
    private final double drop;

    /**
     * @param classes the model's
     * @param drop how probable it is that a class is left out, 0 if and only if the model has no class for none
     * @throws IllegalArgumentException if they do not suit each other, or the images have other classes
     * @throws UncheckedIOException if the images have no labels
     */
    TrainLabels(ImageSet data, Classes classes, double drop) {
        if (!classes.isEmpty() && classes.nullClass() != drop > 0) {
            throw new IllegalArgumentException("the model's classes are " + classes + ", and " + drop
                    + " of all labels are left out in training: "
                    + (drop > 0
                            ? "only a model with a class for none can be told so; leave out 0"
                            : "its class for none would never be learned; leave out more than 0"));
        }
        try {
            this.labels = classes.labelsOf(data);
        } catch (DataException e) {
            throw new UncheckedIOException(e);
        }
        this.nullLabel = classes.nullClass() ? classes.nullLabel() : -1;
        this.drop = drop;
    }

    /** Whether the network is told no labels. */
    boolean isEmpty() {
        return labels.length == 0;
    }

    /** What the network is told of an image at a place of a step's batch. */
    int at(int image, Noise noise, int place, int step) {
        return drop > 0 && noise.uniform(Noise.Domain.TRAIN_CLASS, place, step, 0) < drop ? nullLabel : labels[image];
    }
}
