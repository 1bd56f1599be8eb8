package ddpm.train;

import ddpm.data.DataException;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Timesteps;
import ddpm.eval.EpsilonMeter;
import ddpm.image.Images;
import ddpm.model.Classes;
import ddpm.model.Model;
import ddpm.sampling.Sampler;
import ddpm.torch.GradMode;
import ddpm.torch.TensorScope;
import java.io.UncheckedIOException;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Looks at a run's averaged weights now and then: their error on validation images, and a grid of samples.
 *
 * @param stopping asked often; once true, what is being done is given up
 */
record Probe(Trainer trainer, Recipe recipe, RunPlan plan, RunLog log, RunObserver observer, BooleanSupplier stopping) {

    /** Measures them on the recipe's validation images. */
    void validate(long made) {
        var config = recipe.config();
        var images = recipe.validation().orElseThrow();
        try (var averaged = averaged()) {
            var result = EpsilonMeter.standard()
                    .withThreads(config.threads())
                    .on(trainer.device())
                    .withSeed(config.seed())
                    .withProgress((_, _) -> endIfStopping())
                    .measure(
                            averaged.conditioned(averaged.card().classes().labelsOf(images)),
                            averaged.card().schedule(),
                            averaged.card().prediction(),
                            images,
                            Math.min(images.size(), plan.validationImages()));
            log.add(ValidationMetrics.of(made, result));
        } catch (DataException e) {
            throw new UncheckedIOException(e);
        } catch (CancellationException e) {
            observer.note("the validation of step " + made + " was given up");
        }
    }

    /** Draws the grid of a step. */
    void sample(long made) {
        try (var _ = TensorScope.open();
                var averaged = averaged()) {
            var card = averaged.card();
            var chain = new Diffusion(card.schedule());
            int steps = Math.min(chain.steps(), plan.sampleSteps());
            // DDIM with eta 0 from the same x_T each time: pictures differ by what was learned between them alone.
            var respaced = chain.respaced(Timesteps.even(chain.steps(), steps));
            var sampler = Sampler.ddim(respaced, 0)
                    .withPrediction(card.prediction())
                    .withClip(card.clip())
                    .withThreads(recipe.config().threads())
                    .withProgress((_, _) -> endIfStopping());
            var shape = card.images(plan.samples());
            var conditioned = averaged.conditioned(inTurn(card.classes(), plan.samples()));
            var noise = Noise.seed(recipe.config().seed());
            var images =
                    sampler.sample(conditioned, shape, noise, trainer.device()).images();
            log.add(made, Images.of(images.toFloats(), shape).grid());
        } catch (CancellationException e) {
            observer.note("the samples of step " + made + " were given up");
        } catch (IllegalArgumentException e) { // values that are no numbers cannot be shown
            observer.note("the samples of step " + made + " cannot be shown: " + e.getMessage());
        }
    }

    /** One class after the other. */
    private static int[] inTurn(Classes classes, int count) {
        return classes.isEmpty()
                ? new int[0]
                : IntStream.range(0, count).map(i -> i % classes.count()).toArray();
    }

    private void endIfStopping() {
        if (stopping.getAsBoolean()) {
            throw new CancellationException("the run is being stopped");
        }
    }

    /** The model with its averaged weights; the caller closes it. */
    private Model averaged() {
        var averaged = new Model(trainer.model().card(), trainer.device());
        try (var _ = GradMode.off()) {
            averaged.params().flat().copyFrom(trainer.ema());
        }
        return averaged;
    }
}
