package ddpm.train;

import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Sampler;
import ddpm.diffusion.Timesteps;
import ddpm.eval.EpsilonMeter;
import ddpm.io.Images;
import ddpm.io.Model;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
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
    private final RunLock lock;
    private final Model model;
    private final Trainer trainer;
    private final RunLog log;
    private final StuckLoss stuckLoss;
    private long saved;
    private volatile boolean stopping;

    private TrainingRun(
            RunFolder folder,
            Recipe recipe,
            RunPlan plan,
            RunObserver observer,
            RunLock lock,
            Model model,
            Trainer trainer,
            RunLog log) {
        this.folder = folder;
        this.recipe = recipe;
        this.plan = plan;
        this.observer = observer;
        this.lock = lock;
        this.model = model;
        this.trainer = trainer;
        this.log = log;
        this.stuckLoss = new StuckLoss(recipe.config());
        this.saved = trainer.step();
    }

    /**
     * @param path the run's folder, made if it is not there
     * @throws RunMismatchException if the folder holds a run that this recipe does not continue
     * @throws IOException if another process trains there, none of its checkpoints is whole, or it cannot be written
     */
    public static TrainingRun open(Path path, Recipe recipe, RunPlan plan, RunObserver observer) throws IOException {
        Files.createDirectories(path);
        var folder = new RunFolder(path);
        var opened = new Opened();
        try {
            opened.lock = RunLock.take(path);
            folder.sweep();
            var checkpoint = folder.newest(observer::note);
            if (checkpoint.isPresent()) {
                resume(opened, checkpoint.get(), recipe, observer);
            } else {
                begin(opened, recipe, observer);
            }
            var log = new RunLog(folder, recipe, plan, observer, opened.trainer.step());
            return new TrainingRun(folder, recipe, plan, observer, opened.lock, opened.model, opened.trainer, log);
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    /** What must be given back when opening fails halfway, and when the run is closed. */
    private static final class Opened {
        private RunLock lock;
        private Model model;
        private Trainer trainer;

        void close() throws IOException {
            if (trainer != null) {
                trainer.close();
            }
            if (model != null) {
                model.close();
            }
            if (lock != null) {
                lock.close();
            }
        }
    }

    private static void resume(Opened opened, Checkpoint checkpoint, Recipe recipe, RunObserver observer)
            throws IOException {
        if (recipe.weights().isPresent()) {
            throw new RunMismatchException(checkpoint.folder() + " is a run already, so it cannot begin with "
                    + recipe.weights().get() + "; leave out the initial weights to resume it, or name another folder");
        }
        opened.model = Model.load(checkpoint.raw(), Device.CPU);
        Resumption.check(checkpoint, opened.model.card(), recipe).forEach(observer::note);
        opened.trainer = new Trainer(opened.model, recipe.data(), recipe.config(), LossWeight.SIMPLE);
        checkpoint.restore(opened.trainer);
        observer.note("resuming at step " + checkpoint.step() + " of "
                + recipe.config().steps());
    }

    private static void begin(Opened opened, Recipe recipe, RunObserver observer) throws IOException {
        if (recipe.weights().isPresent()) {
            var file = recipe.weights().get();
            opened.model = new Model(recipe.card(), Device.CPU);
            try (var weights = Model.load(file, Device.CPU);
                    var _ = GradMode.off()) {
                Resumption.checkWeights(file, weights.card(), recipe.card());
                opened.model.params().flat().copyFrom(weights.params().flat());
            }
            opened.trainer = new Trainer(opened.model, recipe.data(), recipe.config(), LossWeight.SIMPLE);
            observer.note("beginning with the weights of " + file + "; the optimizer starts afresh");
        } else {
            opened.model = new Model(recipe.card(), Device.CPU);
            opened.trainer = new Trainer(opened.model, recipe.data(), recipe.config(), LossWeight.SIMPLE);
            opened.trainer.initialise();
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
        var interval = new Interval(recipe.config().batch(), recipe.data().size(), log.seconds());
        StepReport report = null;
        try {
            while (trainer.step() < last && !stopping) {
                long before = System.nanoTime();
                report = trainer.train();
                interval.add(report, (System.nanoTime() - before) / 1e9);
                long made = trainer.step();
                observer.step(report, made, last);
                if (made % plan.logEvery() == 0 || made == last) {
                    log(interval.close(report));
                }
                if (isDue(plan.validateEvery(), made, last)
                        && recipe.validation().isPresent()) {
                    validate(made);
                }
                if (isDue(plan.sampleEvery(), made, last)) {
                    sample(made);
                }
                if (made % plan.checkpointEvery() == 0 && made < last) {
                    save();
                }
            }
        } catch (DivergedException e) {
            log.report();
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
        return trainer.step() < last ? Outcome.STOPPED : Outcome.FINISHED;
    }

    private static boolean isDue(long every, long made, long last) {
        return every > 0 && (made % every == 0 || made == last);
    }

    private void log(StepMetrics metrics) {
        log.add(metrics);
        stuckLoss.look(metrics).ifPresent(observer::note);
    }

    private void save() throws IOException {
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
        var checkpoint = folder.save(trainer, recipe.data().fingerprint(), plan.keep());
        saved = checkpoint.step();
        model.save(folder.model(), trainer.ema(), DType.FLOAT32);
        observer.saved(checkpoint);
    }

    private IOException notSaved(IOException e) {
        // Weights, EMA and two moments; and the EMA once more at the top of the folder.
        long bytes = 5 * model.params().count() * Float.BYTES;
        return new IOException(
                "the checkpoint of step " + trainer.step() + " was not written: " + e.getMessage()
                        + ". A checkpoint takes about " + bytes + " bytes beside the " + plan.keep() + " kept ones",
                e);
    }

    private void validate(long made) {
        var config = recipe.config();
        var images = recipe.validation().orElseThrow();
        try (var averaged = averaged()) {
            var result = EpsilonMeter.standard()
                    .withThreads(config.threads())
                    .withSeed(config.seed())
                    .withProgress((_, _) -> endIfStopping())
                    .measure(
                            averaged,
                            averaged.card().schedule(),
                            averaged.card().prediction(),
                            images,
                            Math.min(images.size(), plan.validationImages()));
            log.add(ValidationMetrics.of(made, result));
        } catch (CancellationException e) {
            observer.note("the validation of step " + made + " was given up");
        }
    }

    private void sample(long made) {
        try (var _ = TensorScope.open();
                var averaged = averaged()) {
            var card = averaged.card();
            var chain = new Diffusion(card.schedule());
            int steps = Math.min(chain.steps(), plan.sampleSteps());
            // DDIM with eta 0 from the same x_T each time: pictures differ by what was learned between them alone.
            var sampler = Sampler.ddim(chain.respaced(Timesteps.even(chain.steps(), steps)), 0)
                    .withClip(card.clip())
                    .withThreads(recipe.config().threads())
                    .withProgress((_, _) -> endIfStopping());
            var shape = card.images(plan.samples());
            var images =
                    sampler.sample(averaged, shape, Noise.seed(recipe.config().seed()));
            log.add(made, Images.of(images.toFloats(), shape).grid());
        } catch (CancellationException e) {
            observer.note("the samples of step " + made + " were given up");
        } catch (IllegalArgumentException e) { // values that are no numbers cannot be shown
            observer.note("the samples of step " + made + " cannot be shown: " + e.getMessage());
        }
    }

    private void endIfStopping() {
        if (stopping) {
            throw new CancellationException("the run is being stopped");
        }
    }

    /** The model with its averaged weights; the caller closes it. */
    private Model averaged() {
        var averaged = new Model(model.card(), Device.CPU);
        try (var _ = GradMode.off()) {
            averaged.params().flat().copyFrom(trainer.ema());
        }
        return averaged;
    }

    /** Frees the trainer and lets others into the folder. */
    @Override
    public void close() throws IOException {
        trainer.close();
        model.close();
        lock.close();
    }
}
