package ddpm.cli.result;

import ddpm.cli.console.Console;
import ddpm.cli.console.Progress;
import ddpm.train.Checkpoint;
import ddpm.train.RunObserver;
import ddpm.train.StepMetrics;
import ddpm.train.StepReport;
import ddpm.train.ValidationMetrics;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Shows people how a run goes: a bar, and a line per checkpoint. */
public final class TrainProgress implements RunObserver {
    private final Console console;
    private final boolean verbose;
    private Progress progress;
    private long before;
    private StepMetrics latest;
    private List<Double> shares = List.of();

    /** @param verbose whether each rank's share of communication is told, not rank 0's alone */
    public TrainProgress(Console console, boolean verbose) {
        this.console = console;
        this.verbose = verbose;
    }

    @Override
    public void step(StepReport report, long made, long of) {
        if (progress == null) {
            before = made - 1; // of a resumed run, the steps of its earlier life took no time of this one
            progress = new Progress(console, "steps", Math.max(1, of - before), System::nanoTime);
        }
        progress.at(made - before);
    }

    @Override
    public void logged(StepMetrics metrics) {
        latest = metrics;
    }

    @Override
    public void validated(ValidationMetrics metrics) {
        console.note(
                text("step %d: validation error %.5f +- %.5f", metrics.step(), metrics.mse(), metrics.standardError()));
    }

    @Override
    public void measured(long step, String features, double fid) {
        console.note(text("step %d: FID %.4f by %s", step, fid, features));
    }

    @Override
    public void sampled(Path grid) {
        console.note("samples: " + grid);
    }

    @Override
    public void communicated(List<Double> ofRanks) {
        shares = ofRanks;
    }

    @Override
    public void saved(Checkpoint checkpoint) {
        console.note("saved step " + checkpoint.step()
                + (latest == null
                        ? ""
                        : text(
                                ": loss %.5f, %.1f images/s, epoch %.2f",
                                latest.loss(), latest.imagesPerSecond(), latest.epoch()))
                + (shares.isEmpty() ? "" : text(", %.1f%% of the time in communication", 100 * shares.getFirst())));
        if (verbose && !shares.isEmpty()) {
            console.note(IntStream.range(0, shares.size())
                    .mapToObj(rank -> text("rank %d %.1f%%", rank, 100 * shares.get(rank)))
                    .collect(Collectors.joining(", ", "in communication: ", "")));
        }
    }

    @Override
    public void note(String line) {
        console.note(line);
    }

    /** Takes the bar away. */
    public void end() {
        console.status("");
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
