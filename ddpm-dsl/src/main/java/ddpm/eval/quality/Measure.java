package ddpm.eval.quality;

import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** A measure of generated images by their features. */
public enum Measure {
    /** {@link FrechetDistance} from real images. */
    FID,
    /** {@link InceptionScore} over 10 parts. */
    INCEPTION_SCORE,
    /** {@link KernelDistance} from real images, over 100 subsets of 1000. */
    KID,
    /** {@link PrecisionRecall} beside real images. */
    PRECISION_RECALL;

    private static final int PARTS = 10;
    private static final int SUBSETS = 100;
    private static final int SUBSET = 1000;

    /** The features of generated images that measures need. */
    public static SetFeatures.Wanted ofGenerated(EnumSet<Measure> measures) {
        return new SetFeatures.Wanted(needAll(measures), measures.contains(INCEPTION_SCORE));
    }

    /** The features of real images that measures need. */
    public static SetFeatures.Wanted ofReal(EnumSet<Measure> measures) {
        return new SetFeatures.Wanted(needAll(measures), false);
    }

    private static boolean needAll(EnumSet<Measure> measures) {
        return measures.contains(KID) || measures.contains(PRECISION_RECALL);
    }

    /**
     * Takes measures, in the order of this enum, each figure by its name.
     *
     * @param generated with what {@link #ofGenerated} says
     * @param reference statistics of real images, for FID; else may be null
     * @param real the features of real images, for KID, precision and recall; else may be null
     */
    public static SequencedMap<String, Double> take(
            EnumSet<Measure> measures, SetFeatures generated, FeatureStatistics reference, SetFeatures real) {
        var figures = new LinkedHashMap<String, Double>();
        for (var measure : measures) {
            switch (measure) {
                case FID -> figures.put("fid", FrechetDistance.between(generated.statistics(), reference));
                case INCEPTION_SCORE -> {
                    int classes = (int) generated.logits().shape().size(1);
                    var parts = (int) Math.min(PARTS, generated.statistics().count());
                    var score = InceptionScore.of(generated.logits().toFloats(), classes, parts);
                    figures.put("inceptionScore", score.mean());
                    figures.put("inceptionScoreDeviation", score.deviation());
                }
                case KID -> {
                    long fewer = Math.min(
                            generated.statistics().count(), real.statistics().count());
                    var distance = KernelDistance.between(
                            generated.all(), real.all(), SUBSETS, (int) Math.min(SUBSET, fewer), 0);
                    figures.put("kid", distance.mean());
                    figures.put("kidStandardError", distance.standardError());
                }
                case PRECISION_RECALL -> {
                    var both = PrecisionRecall.of(generated.all(), real.all(), PrecisionRecall.NEIGHBOURS);
                    figures.put("precision", both.precision());
                    figures.put("recall", both.recall());
                }
            }
        }
        return figures;
    }
}
