package ddpm.train;

import ddpm.text.Reason;
import ddpm.torch.DType;
import ddpm.torch.collective.Group;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * A training run in a folder: begins it or goes on where its newest whole checkpoint stands, and trains to the last step.
 *
 * <pre>{@code
 * try (var run = TrainingRun.open(Path.of("runs/mnist"), recipe, RunPlan.every(1000), RunObserver.SILENT)) {
 *     run.run();
 * }
 * }</pre>
 *
 * <p>Stopped and resumed as often as one likes, even by kill -9, it ends with the weights of a run that was never stopped,
 * bit for bit at equal thread count.
 *
 * <p>In a {@link Group} all ranks open the run and train it, and rank 0 alone reads and writes the folder.
 */
public final class TrainingRun implements AutoCloseable {
    /** How a call of {@link #run} ended. */
    public enum Outcome {
        FINISHED,
        /** Stopped as asked; the checkpoint of the last step made is written. */
        STOPPED
    }

    private final RunFolder folder;
    private final Recipe recipe;
    private final RunPlan plan;
    private final RunObserver observer;
    private final Group group;
    private final RunStart start;
    private final Trainer trainer;
    /** Rank 0's; the others have none. */
    private final RunLog log;

    private final Probe probe;
    private final StuckLoss stuckLoss;
    private final Waiting waiting;
    private long saved;
    private volatile boolean stopping;

    private TrainingRun(
            RunFolder folder,
            Recipe recipe,
            RunPlan plan,
            RunObserver observer,
            Group group,
            RunStart start,
            RunLog log) {
        this.folder = folder;
        this.recipe = recipe;
        this.plan = plan;
        this.observer = observer;
        this.group = group;
        this.start = start;
        this.trainer = start.trainer();
        this.log = log;
        this.probe = new Probe(trainer, recipe, plan, log, observer, group, () -> stopping);
        this.stuckLoss = new StuckLoss(recipe.config());
        this.waiting = new Waiting(group);
        this.saved = trainer.step();
    }

    /**
     * @param path the run's folder, made if it is not there
     * @throws RunMismatchException if the folder holds a run that this recipe does not continue
     * @throws IOException if another process trains there, none of its checkpoints is whole, or it cannot be written
     */
    public static TrainingRun open(Path path, Recipe recipe, RunPlan plan, RunObserver observer) throws IOException {
        return open(path, recipe, plan, observer, Group.ALONE);
    }

    /**
     * Opens the run together with the other ranks of a group, which all call this with equal recipes and plans.
     *
     * @param path the run's folder; only rank 0 needs to reach it
     * @param group it stays the caller's
     * @throws RunMismatchException also if a rank has another recipe or version than rank 0
     */
    public static TrainingRun open(Path path, Recipe recipe, RunPlan plan, RunObserver observer, Group group)
            throws IOException {
        var folder = new RunFolder(path);
        Agreement.requireEqual(group, recipe, plan);
        var start = new RunStart(folder, recipe, observer, group);
        try {
            var log = group.leads()
                    ? new RunLog(folder, recipe, plan, observer, start.trainer().step())
                    : null;
            return new TrainingRun(folder, recipe, plan, observer, group, start, log);
        } catch (IOException | RuntimeException e) {
            start.close();
            throw e;
        }
    }

    /** The trainer, e.g. to look at its weights between runs. */
    public Trainer trainer() {
        return trainer;
    }

    public RunFolder folder() {
        return folder;
    }

    /** Ends {@link #run} after the step that is being made; from any thread. */
    public void stop() {
        stopping = true;
    }

    /**
     * Trains to the last step, or until {@link #stop} is called or this thread is interrupted; either way the step being
     * made is finished and saved.
     *
     * @throws DivergedException at the first loss that is no number; the checkpoints before it stay
     * @throws IOException if the last checkpoint cannot be written, or any with {@link FullDisk#STOP}
     */
    public Outcome run() throws IOException {
        // On a thread of its own, for an interrupt closes the files that the interrupted thread is writing.
        var loop = new FutureTask<>(this::loop);
        Thread.ofPlatform().name("ddpm-train").start(loop);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return loop.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                    stop();
                }
            }
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException io -> throw io;
                case RuntimeException runtime -> throw runtime;
                case Error error -> throw error;
                default -> throw new IllegalStateException(e.getCause());
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private Outcome loop() throws IOException {
        long last = recipe.config().steps();
        var interval = new Interval(recipe.config().batch(), recipe.data().size(), group.leads() ? log.seconds() : 0);
        StepReport report = null;
        try {
            while (trainer.step() < last && !allStop()) {
                long before = System.nanoTime();
                report = trainer.train();
                double seconds = (System.nanoTime() - before) / 1e9;
                interval.add(report, seconds);
                waiting.add(report, seconds);
                long made = trainer.step();
                observer.step(report, made, last);
                if (observer.stops(report)) {
                    stop();
                }
                if (made % plan.logEvery() == 0 || made == last) {
                    log(interval.close(report));
                }
                probe(made, last);
                if (made % plan.checkpointEvery() == 0 && made < last) {
                    save();
                }
            }
        } catch (DivergedException e) {
            if (group.leads()) {
                log.report();
            }
            observer.note(
                    saved == 0
                            ? "no checkpoint was written before step " + e.step()
                            : "the checkpoint of step " + saved + " stays in " + folder.checkpoints()
                                    + "; --init-from begins a new run with its weights, e.g. at a lower learning rate");
            throw e;
        }
        if (!interval.isEmpty()) {
            log(interval.close(report));
        }
        saveLast();
        group.barrier(); // nobody is done before the files are
        return trainer.step() < last ? Outcome.STOPPED : Outcome.FINISHED;
    }

    /** Whether any rank is to stop: all stop after the same step. */
    private boolean allStop() {
        return group.sum(stopping ? 1 : 0) > 0;
    }

    private void probe(long made, long last) {
        if (isDue(plan.validateEvery(), made, last) && recipe.validation().isPresent()) {
            probe.validate(made);
        }
        if (group.leads() && isDue(plan.sampleEvery(), made, last)) {
            probe.sample(made);
        }
        if (group.leads() && plan.fid().isPresent() && isDue(plan.fid().get().every(), made, last)) {
            probe.measure(made, plan.fid().get());
        }
    }

    private static boolean isDue(long every, long made, long last) {
        return every > 0 && (made % every == 0 || made == last);
    }

    private void log(StepMetrics metrics) {
        if (!group.leads()) {
            return;
        }
        log.add(metrics);
        stuckLoss.look(metrics).ifPresent(observer::note);
    }

    private void save() throws IOException {
        Agreement.requireEqualWeights(group, trainer);
        var shares = waiting.shares();
        if (!group.leads()) {
            return;
        }
        observer.communicated(shares);
        long step = trainer.step();
        try {
            write();
        } catch (IOException e) {
            if (plan.fullDisk() == FullDisk.STOP) {
                throw notSaved(e);
            }
            long next = Math.min(recipe.config().steps(), step + plan.checkpointEvery());
            observer.note(notSaved(e).getMessage() + ". Training goes on and tries again at step " + next);
        }
        log.report();
    }

    private void saveLast() throws IOException {
        Agreement.requireEqualWeights(group, trainer);
        var shares = waiting.shares();
        if (!group.leads()) {
            return;
        }
        observer.communicated(shares);
        if (trainer.step() > saved) {
            try {
                write();
            } catch (IOException e) {
                throw notSaved(e);
            }
        }
        log.report();
    }

    private void write() throws IOException {
        var checkpoint = folder.save(trainer, recipe.dataset(), plan.keep());
        saved = checkpoint.step();
        start.model().save(folder.model(), trainer.ema(), DType.FLOAT32);
        observer.saved(checkpoint);
    }

    private IOException notSaved(IOException e) {
        // Weights, EMA and two moments; and the EMA once more at the top of the folder.
        long bytes = 5 * start.model().params().count() * Float.BYTES;
        return new IOException(
                "the checkpoint of step " + trainer.step() + " was not written: " + Reason.of(e)
                        + ". A checkpoint takes about " + bytes + " bytes beside the " + plan.keep() + " kept ones",
                e);
    }

    /** Frees the trainer and lets others into the folder. */
    @Override
    public void close() throws IOException {
        start.close();
    }
}
