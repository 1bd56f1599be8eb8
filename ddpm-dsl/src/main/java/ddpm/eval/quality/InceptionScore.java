package ddpm.eval.quality;

/**
 * The Inception score (Salimans et al. 2016): {@code exp(mean KL(p(y|x) || p(y)))} over each of several parts of the images.
 *
 * @param mean over the parts
 * @param deviation standard deviation over the parts, of the population as the field reports it
 */
public record InceptionScore(double mean, double deviation) {
    /**
     * Computes the score.
     *
     * @param logits {@code [N, classes]} row-major, in the order of the images
     * @param classes at least 2
     * @param parts how many equal parts, 10 in the paper; at most N
     */
    public static InceptionScore of(float[] logits, int classes, int parts) {
        int n = classes < 2 ? 0 : logits.length / classes;
        if (classes < 2 || logits.length % classes != 0 || parts < 1 || parts > n) {
            throw new IllegalArgumentException("an Inception score of " + logits.length + " logits of " + classes
                    + " classes in " + parts + " parts: 1 part to one for each image, and at least 2 classes");
        }
        var scores = new double[parts];
        for (int part = 0; part < parts; part++) {
            scores[part] = score(logits, classes, (int) ((long) part * n / parts), (int) ((part + 1L) * n / parts));
        }
        double sum = 0;
        double squares = 0;
        for (double score : scores) {
            sum += score;
        }
        for (double score : scores) {
            squares += (score - sum / parts) * (score - sum / parts);
        }
        return new InceptionScore(sum / parts, Math.sqrt(squares / parts));
    }

    private static double score(float[] logits, int classes, int from, int to) {
        var marginal = new double[classes];
        double negativeEntropy = 0;
        var logs = new double[classes];
        for (int i = from; i < to; i++) {
            double largest = Double.NEGATIVE_INFINITY;
            for (int c = 0; c < classes; c++) {
                largest = Math.max(largest, logits[i * classes + c]);
            }
            double sum = 0;
            for (int c = 0; c < classes; c++) {
                logs[c] = logits[i * classes + c] - largest;
                sum += Math.exp(logs[c]);
            }
            for (int c = 0; c < classes; c++) {
                double log = logs[c] - Math.log(sum);
                marginal[c] += Math.exp(log);
                negativeEntropy += Math.exp(log) * log;
            }
        }
        int n = to - from;
        double entropy = 0;
        for (double total : marginal) {
            double p = total / n;
            entropy -= p > 0 ? p * Math.log(p) : 0;
        }
        return Math.exp(negativeEntropy / n + entropy);
    }
}
