package ddpm.train;

import ddpm.data.ImageSet;
import ddpm.data.View;
import ddpm.diffusion.Noise;
import ddpm.image.Pixel;
import ddpm.torch.Shape;

/** Draws training examples: everything about place k of step s follows from (seed, s, k), whoever draws it. */
final class Examples {
    private final ImageSet data;
    private final Noise noise;
    private final TrainOrder order;
    private final int batch;
    private final int timesteps;
    private final boolean flips;
    private final TrainLabels labels;

    Examples(ImageSet data, Noise noise, int batch, int timesteps, boolean flips, TrainLabels labels) {
        if (batch > data.size()) {
            throw new IllegalArgumentException("a batch of " + batch + " from only " + data.size()
                    + " images: use a smaller batch or more images (" + data.describe() + ")");
        }
        this.data = data;
        this.noise = noise;
        this.order = new TrainOrder(noise, data.size());
        this.batch = batch;
        this.timesteps = timesteps;
        this.flips = flips;
        this.labels = labels;
    }

    /** Places {@code from..to-1} of a step's batch. */
    Batch draw(int step, int from, int to) {
        int n = to - from;
        int perImage = data.shape().bytes();
        var bytes = new byte[perImage];
        var images = new int[n];
        var x0 = new float[n * perImage];
        var t = new long[n];
        var epsilon = new float[n * perImage];
        var told = new long[labels.isEmpty() ? 0 : n];
        for (int i = 0; i < n; i++) {
            int place = from + i;
            images[i] = order.at((long) step * batch + place);
            boolean flip = flips && noise.uniform(Noise.Domain.TRAIN_FLIP, place, step, 0) < 0.5;
            data.read(images[i], new View(flip, 0.5, 0.5), bytes, 0);
            Pixel.values(bytes, 0, x0, i * perImage, perImage);
            t[i] = noise.below(timesteps, Noise.Domain.TRAIN_TIMESTEP, place, step, 0);
            noise.normals(Noise.Domain.TRAIN_NOISE, place, step, epsilon, i * perImage, perImage);
            if (told.length > 0) {
                told[i] = labels.at(images[i], noise, place, step);
            }
        }
        return new Batch(images, x0, t, epsilon, Shape.of(n, data.channels(), data.height(), data.width()), told);
    }

    String name(int image) {
        return data.name(image);
    }
}
