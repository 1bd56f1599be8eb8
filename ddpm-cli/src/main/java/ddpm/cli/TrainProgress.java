package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.console.Progress;
import ddpm.train.Checkpoint;
import ddpm.train.RunObserver;
import ddpm.train.StepMetrics;
import ddpm.train.StepReport;
import ddpm.train.ValidationMetrics;
import java.nio.file.Path;
import java.util.Locale;

/** Shows people how a run goes: a bar, and a line per checkpoint. */
final class TrainProgress implements RunObserver {
    private final Console console;
    private Progress progress;
    private long before;
    private StepMetrics latest;

    TrainProgress(Console console) {
        this.console = console;
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
    public void sampled(Path grid) {
        console.note("samples: " + grid);
    }

    @Override
    public void saved(Checkpoint checkpoint) {
        console.note("saved step " + checkpoint.step()
                + (latest == null
                        ? ""
                        : text(
                                ": loss %.5f, %.1f images/s, epoch %.2f",
                                latest.loss(), latest.imagesPerSecond(), latest.epoch())));
    }

    @Override
    public void note(String line) {
        console.note(line);
    }

    /** Takes the bar away. */
    void end() {
        console.status("");
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
