package ddpm.eval.quality;

import java.util.Arrays;

/**
 * The measure to which a model gives back what it was trained on: how its samples' distances to the nearest training image compare
 * with those of real images that it was not trained on (Meehan, Chaudhuri and Dasgupta 2020).
 *
 * @param nearer the probability that a sample is nearer to the training set than an unseen real image is; 0.5 of a model that
 *     draws new images like the real ones, 1 of one that copies
 * @param copies the share of samples that are nearer to a training image than 95 of 100 unseen images are; 0.05 of new images
 */
public record Memorisation(double nearer, double copies) {
    private static final double QUANTILE = 0.05;

    /**
     * Compares distances.
     *
     * @param samples of each sample to its nearest training image, at least one
     * @param unseen of each unseen real image to its nearest training image, at least one
     */
    public static Memorisation of(double[] samples, double[] unseen) {
        if (samples.length == 0 || unseen.length == 0) {
            throw new IllegalArgumentException(samples.length + " samples and " + unseen.length
                    + " unseen images; at least one of each is needed");
        }
        var sorted = unseen.clone();
        Arrays.sort(sorted);
        double near = sorted[(int) (QUANTILE * (sorted.length - 1))];
        double wins = 0;
        int copies = 0;
        for (double sample : samples) {
            for (double other : sorted) {
                wins += sample < other ? 1 : sample == other ? 0.5 : 0;
            }
            copies += sample < near ? 1 : 0;
        }
        return new Memorisation(wins / ((double) samples.length * sorted.length), (double) copies / samples.length);
    }
}
