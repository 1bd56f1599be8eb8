package ddpm.train;

/** Sums up the steps between two lines of metrics. */
final class Interval {
    private final int batch;
    private final int imagesInSet;
    private double seconds;
    private double loss;
    private double gradientNorm;
    private double secondsHere;
    private int steps;

    /** @param seconds trained before */
    Interval(int batch, int imagesInSet, double seconds) {
        this.batch = batch;
        this.imagesInSet = imagesInSet;
        this.seconds = seconds;
    }

    void add(StepReport report, double tookSeconds) {
        loss += report.loss();
        gradientNorm += report.gradientNorm();
        secondsHere += tookSeconds;
        seconds += tookSeconds;
        steps++;
    }

    boolean isEmpty() {
        return steps == 0;
    }

    /** The interval's line; the next begins empty. */
    StepMetrics close(StepReport last) {
        long made = last.step() + 1;
        var metrics = new StepMetrics(
                made,
                loss / steps,
                gradientNorm / steps,
                last.learningRate(),
                (double) steps * batch / secondsHere,
                (double) made * batch / imagesInSet,
                seconds);
        loss = 0;
        gradientNorm = 0;
        secondsHere = 0;
        steps = 0;
        return metrics;
    }
}
