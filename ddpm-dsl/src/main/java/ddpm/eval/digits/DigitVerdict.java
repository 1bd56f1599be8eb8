package ddpm.eval.digits;

import ddpm.data.Labels;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What the classifier reads in images of digits.
 *
 * @param confident the share of images whose likeliest digit has a probability above 0.9
 * @param shares of each digit among all images, by the likeliest
 * @param asAsked the share of images whose likeliest digit is the one they were asked to show; NaN where none was asked for
 */
public record DigitVerdict(double confident, List<Double> shares, double asAsked) {
    private static final double CONFIDENT = 0.9;

    /**
     * Judges images by their scores.
     *
     * @param logits {@code [N, 10]} row-major
     * @param asked the digit of each image, see {@link #digits}; null if none was asked for
     */
    public static DigitVerdict of(float[] logits, int[] asked) {
        int digits = DigitClassifier.DIGITS;
        int n = logits.length / digits;
        var counts = new int[digits];
        int confident = 0;
        int right = 0;
        for (int i = 0; i < n; i++) {
            int from = i * digits;
            int likeliest = IntStream.range(0, digits)
                    .reduce((a, b) -> logits[from + b] > logits[from + a] ? b : a)
                    .orElseThrow();
            double sum = IntStream.range(0, digits)
                    .mapToDouble(digit -> Math.exp(logits[from + digit] - logits[from + likeliest]))
                    .sum();
            counts[likeliest]++;
            confident += 1 / sum > CONFIDENT ? 1 : 0;
            right += asked != null && asked[i] == likeliest ? 1 : 0;
        }
        return new DigitVerdict(
                (double) confident / n,
                IntStream.of(counts).mapToObj(count -> (double) count / n).toList(),
                asked == null ? Double.NaN : (double) right / n);
    }

    /** The digits that labels ask for; null if their classes are not the ten digits by name. */
    public static int[] digits(Labels labels) {
        var names = IntStream.range(0, DigitClassifier.DIGITS)
                .mapToObj(Integer::toString)
                .toList();
        return labels.classes().equals(names)
                ? IntStream.range(0, labels.size()).map(labels::at).toArray()
                : null;
    }
}
