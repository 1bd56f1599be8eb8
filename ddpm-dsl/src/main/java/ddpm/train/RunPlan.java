package ddpm.train;

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
        String command) {

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

    /** This plan without grids of samples, for examples that are no pictures. */
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
                command);
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
