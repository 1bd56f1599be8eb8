package ddpm.train;

import ddpm.diffusion.Noise;
import ddpm.model.Model;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.TensorScope;
import ddpm.torch.collective.Group;
import java.io.IOException;
import java.nio.file.Files;

/** A run that is open: its folder's lock, the model and the trainer, begun or resumed. */
final class RunStart implements AutoCloseable {
    private final Group group;
    private RunLock lock;
    private Model model;
    private Trainer trainer;

    /**
     * Takes the folder and goes on with what is in it, or begins; holds nothing if that fails. Only rank 0 needs the folder:
     * the others take over its state.
     */
    RunStart(RunFolder folder, Recipe recipe, RunObserver observer, Group group) throws IOException {
        this.group = group;
        try {
            if (group.leads()) {
                lead(folder, recipe, observer);
            } else {
                model = new Model(recipe.card(), recipe.device());
                trainer = recipe.trainer(model, group);
            }
            trainer.follow();
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private void lead(RunFolder folder, Recipe recipe, RunObserver observer) throws IOException {
        Files.createDirectories(folder.path());
        lock = RunLock.take(folder.path());
        folder.sweep();
        var checkpoint = folder.newest(observer::note);
        if (checkpoint.isPresent()) {
            resume(checkpoint.get(), recipe, observer);
        } else {
            folder.requireFresh();
            begin(recipe, observer);
        }
    }

    Model model() {
        return model;
    }

    Trainer trainer() {
        return trainer;
    }

    private void resume(Checkpoint checkpoint, Recipe recipe, RunObserver observer) throws IOException {
        if (recipe.weights().isPresent()) {
            throw new RunMismatchException(checkpoint.folder() + " is a run already, so it cannot begin with "
                    + recipe.weights().get() + "; leave out the initial weights to resume it, or name another folder");
        }
        model = Model.load(checkpoint.raw(), recipe.device());
        Resumption.check(checkpoint, model.card(), recipe).forEach(observer::note);
        trainer = recipe.trainer(model, group);
        checkpoint.restore(trainer);
        observer.note("resuming at step " + checkpoint.step() + " of "
                + recipe.config().steps());
    }

    private void begin(Recipe recipe, RunObserver observer) throws IOException {
        if (recipe.weights().isPresent()) {
            var file = recipe.weights().get();
            model = new Model(recipe.card(), recipe.device());
            try (var weights = Model.load(file, Device.CPU)) {
                Resumption.checkWeights(file, weights.card(), recipe.card());
                give(weights, Noise.seed(recipe.config().seed()));
            }
            trainer = recipe.trainer(model, group);
            observer.note("beginning with the weights of " + file + "; the optimizer starts afresh");
        } else {
            model = new Model(recipe.card(), recipe.device());
            trainer = recipe.trainer(model, group);
            trainer.initialise();
        }
    }

    /**
     * Copies these weights into the model. The embedding of classes, which unconditional weights lack, begins random: from
     * zeros it would be learned several times slower. That of the null class begins at zero, so without a class the model
     * draws as it did.
     */
    private void give(Model weights, Noise noise) {
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            var targets = model.params().named(model.params().flat());
            var given = weights.params().named(weights.params().flat());
            if (!given.keySet().containsAll(targets.keySet())) {
                Trainer.initialise(model.params(), noise);
            }
            given.forEach((name, value) -> targets.remove(name).copyFrom(value));
            var classes = model.card().classes();
            if (classes.nullClass()) {
                targets.values()
                        .forEach(embedding ->
                                embedding.narrow(0, classes.nullLabel(), 1).zero());
            }
        }
    }

    @Override
    public void close() throws IOException {
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
