package ddpm.train;

import ddpm.eval.quality.FidMeter;
import java.util.Optional;

/**
 * The files a run writes and when; nothing here changes what is learned. All intervals are in steps.
 *
 * @param checkpointEvery at least 1; the last step is always saved
 * @param keep checkpoints kept, at least 1; the disk must hold one more
 * @param logEvery steps that one line of metrics averages over, at least 1
 * @param sampleEvery 0 for no samples
 * @param samples images in a grid
 * @param sampleSteps DDIM steps they are drawn in, or all of the model's if it has fewer
 * @param validateEvery used where there are validation images; 0 for never
 * @param validationImages at most so many are measured
 * @param fullDisk what to do when a checkpoint cannot be written
 * @param command how to continue the run, for its report; may be empty
 * @param fid the measurement of samples; empty for none
 */
public record RunPlan(
        long checkpointEvery,
        int keep,
        long logEvery,
        long sampleEvery,
        int samples,
        int sampleSteps,
        long validateEvery,
        int validationImages,
        FullDisk fullDisk,
        String command,
        Optional<Fid> fid) {

    /**
     * The Frechet distance of the averaged weights' samples from real images.
     *
     * @param every steps between measurements, at least 1; the last step is always measured
     * @param images drawn for each, at least 2, in the plan's DDIM steps and from the same noise each time
     * @param meter the caller's, who closes it after the run
     */
    public record Fid(long every, int images, FidMeter meter) {
        public Fid {
            if (every < 1 || images < 2) {
                throw new IllegalArgumentException(
                        "every " + every + " steps (at least 1) " + images + " images (at least 2)");
            }
        }
    }

    public RunPlan {
        if (checkpointEvery < 1 || keep < 1 || logEvery < 1 || samples < 1 || sampleSteps < 1 || validationImages < 1) {
            throw new IllegalArgumentException("checkpointEvery " + checkpointEvery + ", keep " + keep + ", logEvery "
                    + logEvery + ", samples " + samples + ", sampleSteps " + sampleSteps + " and validationImages "
                    + validationImages + " are at least 1");
        }
        if (sampleEvery < 0 || validateEvery < 0) {
            throw new IllegalArgumentException("sampleEvery " + sampleEvery + " and validateEvery " + validateEvery
                    + " are at least 0, for never");
        }
    }

    /** A plan that measures no samples. */
    public RunPlan(
            long checkpointEvery,
            int keep,
            long logEvery,
            long sampleEvery,
            int samples,
            int sampleSteps,
            long validateEvery,
            int validationImages,
            FullDisk fullDisk,
            String command) {
        this(
                checkpointEvery,
                keep,
                logEvery,
                sampleEvery,
                samples,
                sampleSteps,
                validateEvery,
                validationImages,
                fullDisk,
                command,
                Optional.empty());
    }

    /** This plan with a measurement of samples. */
    public RunPlan withFid(Fid measured) {
        return new RunPlan(
                checkpointEvery,
                keep,
                logEvery,
                sampleEvery,
                samples,
                sampleSteps,
                validateEvery,
                validationImages,
                fullDisk,
                command,
                Optional.of(measured));
    }

    /** This plan without grids of samples and their measurement, for examples that are no pictures. */
    public RunPlan withoutSamples() {
        return new RunPlan(
                checkpointEvery,
                keep,
                logEvery,
                0,
                samples,
                sampleSteps,
                validateEvery,
                validationImages,
                fullDisk,
                command,
                Optional.empty());
    }

    /**
     * A checkpoint, a grid of 16 samples in 50 DDIM steps and a validation on up to 512 images every so many steps; the
     * newest 3 checkpoints kept, and about 20 metrics per interval.
     */
    public static RunPlan every(long steps) {
        return new RunPlan(
                steps, 3, Math.max(1, Math.min(50, steps / 20)), steps, 16, 50, steps, 512, FullDisk.CONTINUE, "");
    }
}
