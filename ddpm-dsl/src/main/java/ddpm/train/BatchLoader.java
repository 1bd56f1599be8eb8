package ddpm.train;

import ddpm.data.DataException;
import ddpm.data.Examples;
import ddpm.data.View;
import ddpm.diffusion.Noise;
import ddpm.model.Classes;
import ddpm.torch.Shape;
import java.io.UncheckedIOException;

/**
 * Loads the examples of each step's batch: image, timestep, noise, flip, crop and label of place k of step s follow from
 * (seed, s, k), whichever thread asks.
 */
final class BatchLoader {
    private final Examples data;
    private final Noise noise;
    private final TrainConfig config;
    private final int timesteps;
    private final EpochOrder order;
    private final int[] labels;
    private final int nullLabel;

    /**
     * @param classes the model's; empty for a network without labels
     * @param timesteps T of the model's schedule
     * @throws IllegalArgumentException if there are fewer images than places in a batch, or the images have other classes
     *     than the model, or the share of left-out labels does not suit the model's null class
     * @throws UncheckedIOException if the model is conditional and the images have no labels
     */
    BatchLoader(Examples data, Classes classes, Noise noise, TrainConfig config, int timesteps) {
        if (config.batch() > data.size()) {
            throw new IllegalArgumentException("a batch of " + config.batch() + " from only " + data.size()
                    + " examples: use a smaller batch or more of them (" + data.describe() + ")");
        }
        double drop = config.dropClass();
        if (!classes.isEmpty() && classes.nullClass() != drop > 0) {
            throw new IllegalArgumentException("the model's classes are " + classes + ", and " + drop
                    + " of all labels are left out in training: "
                    + (drop > 0
                            ? "only a model with a null class can learn from images without labels; leave out 0"
                            : "its null class would never be learned; leave out more than 0"));
        }
        this.data = data;
        this.noise = noise;
        this.config = config;
        this.timesteps = timesteps;
        this.order = new EpochOrder(noise, data.size());
        this.nullLabel = classes.nullClass() ? classes.nullLabel() : -1;
        try {
            this.labels = classes.labelsOf(data);
        } catch (DataException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Loads places {@code from..to-1} of a step's batch. */
    Batch load(long step, int from, int to) {
        int n = to - from;
        int s = Math.toIntExact(step);
        int perImage = data.channels() * data.height() * data.width();
        var images = new int[n];
        var x0 = new float[n * perImage];
        var t = new long[n];
        var epsilon = new float[n * perImage];
        var batchLabels = new long[labels.length == 0 ? 0 : n];
        for (int i = 0; i < n; i++) {
            int place = from + i;
            long at = step * config.batch() + place;
            images[i] = data.isStream() ? (int) (at % Integer.MAX_VALUE) : order.at(at);
            data.read(images[i], view(place, s), x0, i * perImage);
            t[i] = noise.below(timesteps, Noise.Domain.TRAIN_TIMESTEP, place, s, 0);
            noise.normals(Noise.Domain.TRAIN_NOISE, place, s, epsilon, i * perImage, perImage);
            if (batchLabels.length > 0) {
                batchLabels[i] = label(images[i], place, s);
            }
        }
        return new Batch(
                images, x0, t, epsilon, Shape.of(n, data.channels(), data.height(), data.width()), batchLabels);
    }

    /** A random flip if the configuration asks for flips, and a random crop, which only sets that leave room for one use. */
    private View view(int place, int step) {
        boolean flip = config.flips() && noise.uniform(Noise.Domain.TRAIN_FLIP, place, step, 0) < 0.5;
        double top = noise.uniform(Noise.Domain.TRAIN_CROP, place, step, 0);
        double left = noise.uniform(Noise.Domain.TRAIN_CROP, place, step, 1);
        return new View(flip, top, left);
    }

    private int label(int image, int place, int step) {
        boolean drop =
                config.dropClass() > 0 && noise.uniform(Noise.Domain.TRAIN_CLASS, place, step, 0) < config.dropClass();
        return drop ? nullLabel : labels[image];
    }

    /** The name of an image, for messages. */
    String name(int image) {
        return data.name(image);
    }
}
