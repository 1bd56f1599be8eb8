package ddpm.train;

import ddpm.data.ArrayImages;
import ddpm.data.DataException;
import ddpm.data.ImageShape;
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
import ddpm.torch.collective.Group;
import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Looks at a run's averaged weights now and then: their error on validation images, a grid of samples, and how far
 * samples are from real images.
 *
 * @param log rank 0's; null on the others
 * @param group whose ranks measure together
 * @param stopping asked often; once true, what is being done is given up
 */
record Probe(
        Trainer trainer,
        Recipe recipe,
        RunPlan plan,
        RunLog log,
        RunObserver observer,
        Group group,
        BooleanSupplier stopping) {
    /** Images drawn at once to be measured. */
    private static final int BATCH = 64;

    /** Measures them on the recipe's validation images; several ranks do so to the end, for they count on each other. */
    void validate(long made) {
        var config = recipe.config();
        var images = recipe.validation().orElseThrow();
        try (var averaged = averaged()) {
            var result = EpsilonMeter.standard()
                    .withThreads(config.threads())
                    .on(trainer.device())
                    .withSeed(config.seed())
                    .in(group)
                    .withProgress((_, _) -> {
                        if (group.size() == 1) {
                            endIfStopping();
                        }
                    })
                    .measure(
                            averaged.conditioned(averaged.card().classes().labelsOf(images)),
                            averaged.card().schedule(),
                            averaged.card().prediction(),
                            images,
                            Math.min(images.size(), plan.validationImages()));
            if (group.leads()) {
                log.add(ValidationMetrics.of(made, result));
            }
        } catch (DataException e) {
            throw new UncheckedIOException(e);
        } catch (CancellationException e) {
            observer.note("the validation of step " + made + " was given up");
        }
    }

    /** Draws the grid of a step. */
    void sample(long made) {
        try (var averaged = averaged()) {
            log.add(made, drawn(averaged, 0, plan.samples()).grid());
        } catch (CancellationException e) {
            observer.note("the samples of step " + made + " were given up");
        } catch (IllegalArgumentException e) { // values that are no numbers cannot be shown
            observer.note("the samples of step " + made + " cannot be shown: " + e.getMessage());
        }
    }

    /** Measures the distance of samples from real images. */
    void measure(long made, RunPlan.Fid fid) {
        var card = trainer.model().card();
        var shape = new ImageShape(card.network().inChannels(), card.height(), card.width());
        var levels = new ByteArrayOutputStream();
        try (var averaged = averaged()) {
            for (int first = 0; first < fid.images(); first += BATCH) {
                levels.writeBytes(drawn(averaged, first, Math.min(BATCH, fid.images() - first))
                        .levels());
            }
            double distance = fid.meter().of(ArrayImages.of("samples", levels.toByteArray(), shape));
            log.addFid(made, fid.meter().features(), fid.images(), distance);
        } catch (CancellationException e) {
            observer.note("the FID of step " + made + " was given up");
        } catch (IllegalArgumentException e) {
            observer.note("the FID of step " + made + " cannot be measured: " + e.getMessage());
        }
    }

    /**
     * Draws images {@code first..first+count-1} by DDIM with eta 0 from the same x_T at every step of the run: they differ by what
     * was learned between them alone.
     *
     * @throws IllegalArgumentException for values that are not finite
     */
    private Images drawn(Model averaged, int first, int count) {
        var card = averaged.card();
        var chain = new Diffusion(card.schedule());
        int steps = Math.min(chain.steps(), plan.sampleSteps());
        var sampler = Sampler.ddim(chain.respaced(Timesteps.even(chain.steps(), steps)), 0)
                .withPrediction(card.prediction())
                .withClip(card.clip())
                .withThreads(recipe.config().threads())
                .withFirstImage(first)
                .withProgress((_, _) -> endIfStopping());
        try (var _ = TensorScope.open()) {
            var shape = card.images(count);
            var conditioned = averaged.conditioned(inTurn(card.classes(), first, count));
            var noise = Noise.seed(recipe.config().seed());
            var images =
                    sampler.sample(conditioned, shape, noise, trainer.device()).images();
            return Images.of(images.toFloats(), shape);
        }
    }

    /** One class after the other. */
    private static int[] inTurn(Classes classes, int first, int count) {
        return classes.isEmpty()
                ? new int[0]
                : IntStream.range(first, first + count)
                        .map(i -> i % classes.count())
                        .toArray();
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
