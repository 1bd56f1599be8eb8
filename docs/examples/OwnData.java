import ddpm.data.*;
import ddpm.diffusion.*;
import ddpm.model.*;
import ddpm.nn.UNetConfig;
import ddpm.train.*;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A run on data of one's own that stops by itself when the loss no longer falls, and goes on when it is started again. */
final class EarlyStop implements RunObserver {
    private final int patience;
    private double best = Double.MAX_VALUE;
    private int since;
    private double smooth = 1;

    EarlyStop(int patience) {
        this.patience = patience;
    }

    @Override
    public boolean stops(StepReport report) {
        smooth += 0.05 * (report.loss() - smooth);
        since = smooth < best ? 0 : since + 1;
        best = Math.min(best, smooth);
        return since >= patience;
    }

    @Override
    public Map<String, Double> metrics(long made) {
        return Map.of("best loss", best);
    }

    @Override
    public void note(String line) {
        IO.println(line);
    }
}

void main(String[] args) throws Exception {
    int steps = args.length > 0 ? Integer.parseInt(args[0]) : 1000;
    // Five channels, as no picture has: waves of five speeds.
    var waves = Examples.of(500, 5, 16, 16, "waves", (i, x) -> {
        for (int k = 0; k < x.length; k++) {
            x[k] = (float) Math.sin((k / 256 + 1) * 0.3 * (k % 16) + i);
        }
    });
    var card = ModelCard.of(UNetConfig.of(5, 32, List.of(1, 2), 1, List.of(false, false), 8, 0), BetaSchedule.ho2020(), 16, 16);
    var config = TrainConfig.notebook(7, steps).withBatch(16).withLearningRate(new LearningRate.Constant(1e-3));
    for (int start = 0; start < 2; start++) { // the second finds the first's checkpoint
        try (var run = TrainingRun.open(Path.of("waves"), new Recipe(card, waves, config), RunPlan.every(100).withoutSamples(), new EarlyStop(200))) {
            IO.println(run.run() + " after " + run.trainer().step() + " steps");
        }
    }
}
