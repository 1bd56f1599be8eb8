package ddpm.cli;

import ddpm.cli.console.Progress;
import ddpm.diffusion.Noise;
import ddpm.image.GridLayout;
import ddpm.image.GridSize;
import ddpm.image.Images;
import ddpm.model.Model;
import ddpm.sampling.SharedLatent;
import ddpm.sampling.Solver;
import ddpm.torch.TensorScope;
import ddpm.torch.TorchException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;

/**
 * Draws images that share a latent (Fig. 7): a row for each x_t, which stands first, then the images that went on from it.
 *
 * @param run the plan, of as many images as go on from each x_t, and what computes it
 * @param asked the picture, and how many steps before the end each x_t is
 */
record ShareRun(SampleRun run, Pictures asked) {
    /**
     * Checks what can be wrong.
     *
     * @throws IllegalArgumentException if the chain has no such step, its images would be all one, or the picture too large
     */
    static void check(SamplePlan plan, List<Integer> from, Integer scale) {
        for (int steps : from) {
            if (steps < 1 || steps > plan.steps()) {
                throw new IllegalArgumentException(
                        "--share-from " + steps + ": 1.." + plan.steps() + " steps before the end of this chain");
            }
        }
        if (!plan.addsNoise()) {
            throw new IllegalArgumentException(
                    "--share-from with --sampler " + plan.solverName()
                            + (plan.solver() instanceof Solver.Ddim ? " --eta 0" : "")
                            + ", which adds no noise: all images that share x_t would be one; use ancestral, or ddim with --eta 1");
        }
        size(plan, from, scale)
                .requireModest(
                        "a picture of " + from.size() + " rows of " + (1 + plan.count()) + " images",
                        1,
                        "use a smaller --count or --scale");
    }

    private static GridSize size(SamplePlan plan, List<Integer> from, Integer scale) {
        return GridSize.of(
                GridLayout.ofColumns(1 + plan.count()),
                (long) from.size() * (1 + plan.count()),
                plan.card().height(),
                plan.card().width(),
                scale);
    }

    /**
     * Draws the picture.
     *
     * @throws ExitCode.Failure if memory runs out or the run is interrupted; nothing is written then
     */
    SampleRun.Done draw() throws IOException {
        var plan = run.plan();
        var from = asked.shareFrom();
        run.announce(plan.count() + " images from each of " + from.size() + " shared states");
        // A row takes a chain of one image down to x_t and one of all from there.
        var progress = new Progress(run.console(), "steps", (long) from.size() * plan.steps(), System::nanoTime);
        var rows = new ArrayList<Images>();
        try (var opened = Model.of(run.stored(), run.device());
                var model = opened.prepared(plan.precision().type());
                var _ = TensorScope.open()) {
            for (int steps : from) {
                long before = (long) rows.size() * plan.steps();
                var sampler = plan.sampler(run.threads())
                        .withFirstImage(plan.first())
                        .withProgress((done, of) -> progress.at(before + done * plan.steps() / of));
                var row = new SharedLatent(sampler)
                        .draw(
                                plan.classes().conditioned(model, plan.first(), plan.count()),
                                plan.card().images(1),
                                steps,
                                plan.count(),
                                Noise.seed(plan.seed()),
                                run.device());
                rows.add(SampleRun.images(opened, row));
            }
        } catch (CancellationException e) {
            throw ExitCode.INTERRUPTED.because("interrupted; nothing was written", e);
        } catch (TorchException | OutOfMemoryError e) {
            throw run.failure(e);
        } finally {
            progress.end();
        }
        var remarks = new TreeMap<>(plan.remarksOfAll());
        remarks.put("share-from", from.stream().map(String::valueOf).collect(Collectors.joining(",")));
        remarks.put("images", plan.first() + ".." + (plan.first() + plan.count() - 1));
        Images.joined(rows)
                .grid(GridLayout.ofColumns(1 + plan.count()))
                .enlarged(size(plan, from, asked.scale()).scale())
                .write(asked.output().path(), remarks);
        var files = List.of(asked.output().path());
        return new SampleRun.Done(run, files, files, progress.seconds());
    }
}
