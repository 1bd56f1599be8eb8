package ddpm.cli;

import ddpm.diffusion.Clip;
import ddpm.diffusion.Noise;
import ddpm.image.Images;
import ddpm.model.Model;
import ddpm.model.StoredModel;
import ddpm.sampling.Sampler;
import ddpm.torch.Device;
import ddpm.torch.LibTorch;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.TorchException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Draws a plan's images batch by batch, holding one batch at a time beside what a grid needs.
 *
 * @param stored the opened model
 * @param console hears of progress
 */
record SampleRun(SamplePlan plan, StoredModel stored, LibTorch torch, Device device, int threads, Console console) {
    /** How libtorch's allocators say it, on CPUs and GPUs. */
    private static final Pattern NO_MEMORY =
            Pattern.compile("(?i)out of memory|(can't|cannot|failed to) allocate|not enough memory|bad_alloc");

    /**
     * What was drawn.
     *
     * @param files all files, in the order they were written
     * @param results what to tell where a folder stands for its files
     */
    record Done(SampleRun run, List<Path> files, List<Path> results, double seconds) {
        String lines() {
            return results.stream().map(Path::toString).collect(Collectors.joining(System.lineSeparator()));
        }

        /** For {@code --json}. */
        Map<String, Object> describe() {
            var plan = run.plan;
            var json = new LinkedHashMap<String, Object>();
            json.put("files", files.stream().map(Path::toString).toList());
            json.put("model", plan.model());
            json.put("count", plan.count());
            json.put("first", plan.first());
            json.put("seed", plan.seed());
            json.put("steps", plan.steps());
            json.put("trainedSteps", plan.chain().trainedSteps());
            json.put("sampler", EnumName.of(plan.method()));
            json.put("variance", EnumName.of(plan.variance()));
            json.put("clip", plan.clip() == Clip.X0);
            json.put("precision", PrecisionName.of(plan.precision()));
            json.putAll(plan.classes().describe());
            json.put("shape", plan.card().images(plan.count()).toArray());
            json.put("batch", plan.batch());
            json.put("device", run.device.toString());
            json.put("threads", run.threads);
            json.put("seconds", Math.round(seconds * 1000) / 1000.0);
            json.put("libtorch", run.torch.version());
            return json;
        }
    }

    /**
     * @param trajectory may be null
     * @throws CommandFailure if memory runs out or the run is interrupted; finished files stay
     */
    Done draw(SampleOutput output, Trajectory trajectory) throws IOException {
        announce(plan.count() + " images");
        var files = new ArrayList<Path>();
        var progress = new Progress(console, "steps", (long) plan.batches() * plan.steps(), System::nanoTime);
        int drawn = 0;
        try (var opened = Model.of(stored, device);
                var model = opened.prepared(plan.precision())) {
            while (drawn < plan.count()) {
                int now = Math.min(plan.batch(), plan.count() - drawn);
                var states = batch(model, drawn, now, trajectory, progress);
                if (trajectory != null) {
                    trajectory.accept(states.subList(0, states.size() - 1));
                }
                files.addAll(output.accept(states.getLast(), plan.first() + drawn));
                drawn += now;
            }
        } catch (CancellationException e) {
            throw new CommandFailure(
                    ExitCode.INTERRUPTED,
                    "interrupted after " + drawn + " of " + plan.count() + " images; "
                            + (files.isEmpty() ? "nothing was written" : "the " + files.size() + " written ones stay"),
                    e);
        } catch (TorchException | OutOfMemoryError e) {
            throw failure(e);
        } finally {
            progress.end();
        }
        files.addAll(output.finish());
        var results = Stream.of(output.result());
        if (trajectory != null) {
            files.add(trajectory.finish());
            results = Stream.concat(results, Stream.of(files.getLast()));
        }
        console.note(String.format(
                Locale.ROOT,
                "%d images in %.1f s; --seed %d%s --precision %s draws them again",
                drawn,
                progress.seconds(),
                plan.seed(),
                plan.first() == 0 ? "" : " --first " + plan.first(),
                PrecisionName.of(plan.precision())));
        return new Done(this, files, results.toList(), progress.seconds());
    }

    /** Tells what is about to be drawn by what. */
    void announce(String images) {
        console.note("model " + plan.model() + ": " + images + " " + size() + ", " + plan.steps() + " steps, seed "
                + plan.seed());
        console.note("libtorch " + torch.version() + " on " + device
                + (device.kind() == Device.Kind.CPU ? ", " + threads + " threads" : "") + ", "
                + PrecisionName.of(plan.precision()) + ", " + plan.batch()
                + " images at a time");
    }

    /** The states of one batch, the images last. */
    private List<Images> batch(Model model, int from, int count, Trajectory trajectory, Progress progress) {
        long before = (long) (from / plan.batch()) * plan.steps();
        try (var _ = TensorScope.open()) {
            var shape = plan.card().images(count);
            var samples = plan.sampler(threads)
                    .withFirstImage(plan.first() + from)
                    .withTrajectory(
                            trajectory == null ? 0 : trajectory.form().states(),
                            trajectory == null
                                    ? Sampler.Frames.XT
                                    : trajectory.form().frames())
                    .withProgress(new Sampler.Progress() {
                        @Override
                        public void steps(long done, long of) {
                            progress.at(before + done * plan.steps() / of);
                        }

                        @Override
                        public void note(String line) {
                            if (from == 0) { // once, not with every batch
                                console.note(line);
                            }
                        }
                    })
                    .sample(
                            plan.classes().told(model, plan.first() + from, count),
                            shape,
                            Noise.seed(plan.seed()),
                            device);
            var states = new ArrayList<Images>();
            for (var state : samples.trajectory()) {
                states.add(images(state, shape));
            }
            states.add(images(samples.images(), shape));
            return states;
        }
    }

    private static Images images(Tensor tensor, Shape shape) {
        return Images.of(tensor.toFloats(), shape);
    }

    static boolean meansNoMemory(TorchException e) {
        return NO_MEMORY.matcher(e.getMessage()).find();
    }

    /** What to tell of a failure while drawing: that memory ran out, or the failure itself, which is thrown on. */
    CommandFailure failure(Throwable e) {
        if (e instanceof TorchException torchs && !meansNoMemory(torchs)) {
            throw torchs;
        }
        return tooLarge(e);
    }

    private String size() {
        var card = plan.card();
        return "of " + card.network().inChannels() + " x " + card.height() + " x " + card.width();
    }

    private CommandFailure tooLarge(Throwable cause) {
        int batch = plan.batch();
        return new CommandFailure(
                ExitCode.FAILED,
                "out of memory on " + device + " with a batch of " + batch + " images " + size() + "; "
                        + (batch > 1
                                ? "try --batch " + batch / 2 + ", which needs half as much"
                                : "this model needs a machine with more memory")
                        + (cause instanceof OutOfMemoryError
                                ? ", or give Java more than its "
                                        + Runtime.getRuntime().maxMemory() / 1_000_000 + " MB with java -Xmx..."
                                : ""),
                cause);
    }
}
