package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.console.Progress;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Noise;
import ddpm.image.Images;
import ddpm.model.Model;
import ddpm.model.StoredModel;
import ddpm.sampling.Sampler;
import ddpm.sampling.Solver;
import ddpm.torch.Device;
import ddpm.torch.LibTorch;
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
 * @param share the batches that are this process's
 * @param stored the opened model
 * @param console takes notes and progress
 */
record SampleRun(
        SamplePlan plan, Share share, StoredModel stored, LibTorch torch, Device device, int threads, Console console) {
    /** The words of libtorch's allocators, on CPUs and GPUs. */
    private static final Pattern NO_MEMORY =
            Pattern.compile("(?i)out of memory|(can't|cannot|failed to) allocate|not enough memory|bad_alloc");

    /**
     * The batches of a plan that one of several processes draws: every {@code ranks}-th. They are drawn whole, so that an image
     * has the same neighbours, and so the same bits, whoever draws it.
     *
     * @param rank from 0
     * @param ranks how many processes there are
     * @param skipExisting whether batches whose files are all there are left out
     */
    record Share(int rank, int ranks, boolean skipExisting) {
        /** Whether this process draws a batch, counted from 0. */
        boolean has(int batch, SampleOutput output, long first, int images) {
            return batch % ranks == rank && !(skipExisting && output.has(first, images));
        }
    }

    /**
     * A run that has ended well.
     *
     * @param files all files, in the order they were written
     * @param results the same, but a folder in the place of its files
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
            json.put("weights", run.stored.origin());
            json.put("count", plan.count());
            json.put("first", plan.first());
            json.put("rank", run.share.rank());
            json.put("ranks", run.share.ranks());
            json.put("seed", plan.seed());
            json.put("steps", plan.steps());
            json.put("trainedSteps", plan.chain().trainedSteps());
            json.put("spacing", Values.name(plan.spacing()));
            json.put("sampler", plan.solverName());
            if (plan.solver() instanceof Solver.Ancestral(var variance)) {
                json.put("variance", Values.name(variance));
            }
            plan.known().ifPresent(pixels -> {
                json.put("jumpLength", pixels.jumpLength());
                json.put("resamplings", pixels.resamplings());
            });
            json.put("clip", plan.clip() == Clip.X0);
            json.put("precision", plan.precision().toString());
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
     * Draws the plan's images.
     *
     * @param trajectory may be null
     * @throws ExitCode.Failure if memory runs out or the run is interrupted; finished files stay
     */
    Done draw(SampleOutput output, Trajectory trajectory) throws IOException {
        announce(Values.images(plan.count()));
        var files = new ArrayList<Path>();
        var progress = new Progress(console, "steps", (long) plan.batches() * plan.steps(), System::nanoTime);
        int drawn = 0;
        int passed = 0;
        try (var opened = Model.of(stored, device);
                var model = opened.prepared(plan.precision().type())) {
            var sampler = plan.sampler(threads);
            if (trajectory != null) {
                sampler = sampler.withTrajectory(
                        trajectory.form().states(), trajectory.form().frames());
            }
            while (passed < plan.count()) {
                int now = Math.min(plan.batch(), plan.count() - passed);
                long first = plan.first() + passed;
                if (!share.has(passed / plan.batch(), output, first, now)) {
                    passed += now;
                    continue;
                }
                var shape = plan.card().images(now);
                try (var _ = TensorScope.open()) {
                    var samples = sampler.withFirstImage(first)
                            .withProgress(progress(progress, passed, drawn == 0))
                            .sample(
                                    plan.classes().conditioned(model, first, now),
                                    shape,
                                    Noise.seed(plan.seed()),
                                    device);
                    if (trajectory != null) {
                        trajectory.accept(samples.trajectory().stream()
                                .map(state -> images(opened, state))
                                .toList());
                    }
                    files.addAll(output.accept(images(opened, samples.images()), first));
                }
                drawn += now;
                passed += now;
            }
        } catch (CancellationException e) {
            throw ExitCode.INTERRUPTED.because(
                    "interrupted after " + drawn + " of " + Values.images(plan.count()) + "; "
                            + (files.isEmpty() ? "nothing was written" : "the " + files.size() + " written ones stay"),
                    e);
        } catch (TorchException | OutOfMemoryError e) {
            throw failure(e);
        } finally {
            progress.end();
        }
        files.addAll(output.finish());
        var results = output instanceof SampleOutput.Memory ? Stream.<Path>empty() : Stream.of(output.result());
        if (trajectory != null) {
            files.add(trajectory.finish());
            results = Stream.concat(results, Stream.of(files.getLast()));
        }
        console.note(String.format(
                Locale.ROOT,
                "%s in %.1f s; --seed %d%s --precision %s draws them again%s",
                Values.images(drawn),
                progress.seconds(),
                plan.seed(),
                plan.first() == 0 ? "" : " --first " + plan.first(),
                plan.precision(),
                // Elsewhere kernels are chosen by the size of what they compute, and each rounds in its own way.
                plan.precision() == Precision.FP32 && device.kind() == Device.Kind.CPU
                        ? ""
                        : ", up to rounding with another --batch or --threads"));
        return new Done(this, files, results.toList(), progress.seconds());
    }

    /** Announces what is about to be drawn, and by what. */
    void announce(String images) {
        console.note("model " + plan.model() + ": " + images + " " + size() + ", " + plan.steps() + " steps, seed "
                + plan.seed());
        console.note("weights: " + stored.origin());
        console.note("libtorch " + torch.version() + " on " + device
                + (device.kind() == Device.Kind.CPU ? ", " + threads + " threads" : "") + ", " + plan.precision() + ", "
                + Values.images(plan.batch()) + " at a time");
    }

    /** The progress of all batches, of which the one of image {@code passed} runs. */
    private Sampler.Progress progress(Progress all, int passed, boolean speaks) {
        long before = (long) (passed / plan.batch()) * plan.steps();
        return new Sampler.Progress() {
            @Override
            public void steps(long done, long of) {
                all.at(before + done * plan.steps() / of);
            }

            @Override
            public void note(String line) {
                if (speaks) { // once, not with every batch
                    console.note(line);
                }
            }
        };
    }

    /** The images in a tensor, once it is known that they are numbers. */
    static Images images(Model model, Tensor tensor) {
        try {
            return Images.of(tensor.toFloats(), tensor.shape());
        } catch (IllegalArgumentException e) {
            throw ExitCode.FAILED.because(e.getMessage() + ": " + model.whyNotFinite(), e);
        }
    }

    static boolean meansNoMemory(TorchException e) {
        return NO_MEMORY.matcher(e.getMessage()).find();
    }

    /** Explains a failure while drawing: memory ran out, or else the failure itself is thrown on. */
    ExitCode.Failure failure(Throwable e) {
        if (e instanceof TorchException torchs && !meansNoMemory(torchs)) {
            throw torchs;
        }
        return tooLarge(e);
    }

    private String size() {
        var card = plan.card();
        return "of " + card.network().inChannels() + " x " + card.height() + " x " + card.width();
    }

    private ExitCode.Failure tooLarge(Throwable cause) {
        int batch = plan.batch();
        return ExitCode.FAILED.because(
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
