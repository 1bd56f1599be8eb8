package ddpm.eval.quality;

import ddpm.data.ImageSet;

/**
 * The {@link FrechetDistance} of sets of images from one set of real images, whose statistics are measured once, with the first.
 * It closes neither the network nor the images.
 */
public final class FidMeter implements AutoCloseable {
    private static final SetFeatures.Wanted STATISTICS = new SetFeatures.Wanted(false, false);

    private final FeatureExtractor extractor;
    private final ImageSet real;
    private final String features;
    private FeatureStatistics reference;

    /**
     * @param real all of them are measured, at least 2
     * @param features a short name of the network for records, such as {@code digits}
     * @throws IllegalArgumentException if the network does not take images of this shape
     */
    public FidMeter(FeatureExtractor extractor, ImageSet real, String features) {
        extractor.network().features(real.shape());
        if (real.size() < 2) {
            throw new IllegalArgumentException(real.describe() + ": a covariance takes at least 2 images");
        }
        this.extractor = extractor;
        this.real = real;
        this.features = features;
    }

    /** The short name of the network. */
    public String features() {
        return features;
    }

    /** The distance of images from the real ones, all of either. */
    public double of(ImageSet images) {
        if (reference == null) {
            reference = SetFeatures.measure(extractor, real, real.size(), STATISTICS, _ -> {})
                    .statistics();
        }
        try (var measured = SetFeatures.measure(extractor, images, images.size(), STATISTICS, _ -> {})) {
            return FrechetDistance.between(measured.statistics(), reference);
        }
    }

    /** Frees the statistics. */
    @Override
    public void close() {
        if (reference != null) {
            reference.close();
        }
    }
}
