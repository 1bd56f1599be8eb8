package ddpm.train;

import ddpm.diffusion.Objective;
import ddpm.torch.DType;
import java.util.function.Consumer;

/**
 * How to train.
 *
 * @param seed of all random draws
 * @param batch images per step, at least 1
 * @param steps optimiser steps of the whole run
 * @param learningRate by step
 * @param optimizer Adam's constants
 * @param clipNorm the largest norm of the whole gradient; larger ones are scaled down to it
 * @param ema of the weights
 * @param flips whether half of the images are mirrored, at random
 * @param precision what convolutions but the first compute in: FLOAT32, or BFLOAT16 with float32 weights (mixed precision)
 * @param threads cores, each of which takes its slice of the batch through forward and backward
 * @param accumulate into how many parts each slice is cut, whose gradients are summed before the update: memory falls by
 *     that factor, and what is learned stays the same up to rounding
 * @param objective what is lessened
 * @param dropClass the probability that an image's class is replaced by the null class, from 0 to below 1: what a conditional model
 *     learns from these, classifier-free guidance needs (Ho and Salimans 2022 found 0.1 to 0.2 best); of no effect on other
 *     models
 */
public record TrainConfig(
        long seed,
        int batch,
        long steps,
        LearningRate learningRate,
        Optimizer optimizer,
        double clipNorm,
        Ema ema,
        boolean flips,
        DType precision,
        int threads,
        int accumulate,
        Objective objective,
        double dropClass) {

    /** Ho and Salimans' choice. */
    public static final double DROP_CLASS = 0.1;

    public TrainConfig {
        if (batch < 1 || steps < 1 || steps > Integer.MAX_VALUE || threads < 1 || accumulate < 1) {
            throw new IllegalArgumentException("batch " + batch + ", steps " + steps + ", threads " + threads
                    + " and accumulate " + accumulate + " are from 1 to " + Integer.MAX_VALUE);
        }
        if (!(dropClass >= 0 && dropClass < 1)) {
            throw new IllegalArgumentException(
                    "classes are left out with a probability from 0 to below 1, not " + dropClass);
        }
        if (!(clipNorm > 0) || !Double.isFinite(clipNorm)) {
            throw new IllegalArgumentException("gradients are clipped to a positive and finite norm, not " + clipNorm
                    + "; a large one never clips");
        }
        if (precision != DType.FLOAT32 && precision != DType.BFLOAT16) {
            throw new IllegalArgumentException("training computes in float32 or bfloat16, not " + precision);
        }
    }

    /** The notebook's recipe: AdamW at 2e-4, batches of 128, gradients clipped to 1, EMA 0.999. */
    public static TrainConfig notebook(long seed, long steps) {
        return new TrainConfig(
                seed,
                128,
                steps,
                new LearningRate.Constant(2e-4),
                Optimizer.adamW(),
                1.0,
                new Ema(0.999, false),
                false,
                DType.FLOAT32,
                Runtime.getRuntime().availableProcessors(),
                1,
                Objective.SIMPLE,
                DROP_CLASS);
    }

    /** The paper's recipe for CIFAR-10: Adam at 2e-4 after a warm-up of 5000 steps, batches of 128, EMA 0.9999, flips. */
    public static TrainConfig paper(long seed, long steps) {
        return notebook(seed, steps).with(draft -> {
            draft.learningRate = new LearningRate.Warmup(2e-4, 5000);
            draft.optimizer = Optimizer.adam();
            draft.ema = new Ema(0.9999, false);
            draft.flips = true;
        });
    }

    public TrainConfig withBatch(int newBatch) {
        return with(draft -> draft.batch = newBatch);
    }

    public TrainConfig withSteps(long newSteps) {
        return with(draft -> draft.steps = newSteps);
    }

    public TrainConfig withLearningRate(LearningRate newRate) {
        return with(draft -> draft.learningRate = newRate);
    }

    public TrainConfig withOptimizer(Optimizer newOptimizer) {
        return with(draft -> draft.optimizer = newOptimizer);
    }

    public TrainConfig withClipNorm(double newNorm) {
        return with(draft -> draft.clipNorm = newNorm);
    }

    public TrainConfig withEma(Ema newEma) {
        return with(draft -> draft.ema = newEma);
    }

    public TrainConfig withFlips(boolean newFlips) {
        return with(draft -> draft.flips = newFlips);
    }

    public TrainConfig withPrecision(DType newPrecision) {
        return with(draft -> draft.precision = newPrecision);
    }

    public TrainConfig withThreads(int newThreads) {
        return with(draft -> draft.threads = newThreads);
    }

    public TrainConfig withAccumulate(int newAccumulate) {
        return with(draft -> draft.accumulate = newAccumulate);
    }

    public TrainConfig withObjective(Objective newObjective) {
        return with(draft -> draft.objective = newObjective);
    }

    public TrainConfig withDropClass(double newDrop) {
        return with(draft -> draft.dropClass = newDrop);
    }

    private TrainConfig with(Consumer<Draft> change) {
        var draft = new Draft(this);
        change.accept(draft);
        return draft.done();
    }

    /** The values one by one, so that a change names only what it changes. */
    private static final class Draft {
        long seed;
        int batch;
        long steps;
        LearningRate learningRate;
        Optimizer optimizer;
        double clipNorm;
        Ema ema;
        boolean flips;
        DType precision;
        int threads;
        int accumulate;
        Objective objective;
        double dropClass;

        Draft(TrainConfig config) {
            seed = config.seed;
            batch = config.batch;
            steps = config.steps;
            learningRate = config.learningRate;
            optimizer = config.optimizer;
            clipNorm = config.clipNorm;
            ema = config.ema;
            flips = config.flips;
            precision = config.precision;
            threads = config.threads;
            accumulate = config.accumulate;
            objective = config.objective;
            dropClass = config.dropClass;
        }

        TrainConfig done() {
            return new TrainConfig(
                    seed,
                    batch,
                    steps,
                    learningRate,
                    optimizer,
                    clipNorm,
                    ema,
                    flips,
                    precision,
                    threads,
                    accumulate,
                    objective,
                    dropClass);
        }
    }
}
