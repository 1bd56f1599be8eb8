package ddpm.train;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Objective;
import ddpm.model.ModelCard;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;
import ddpm.testing.TinyImages;
import ddpm.torch.DType;
import java.util.List;

/** Runs that take milliseconds a step. */
final class Tiny {
    private Tiny() {}

    static ModelCard card() {
        return ModelCard.of(new UNetMini.Config(1, 8, List.of(1, 1, 1), 8), BetaSchedule.linear(100, 1e-3, 0.1), 8, 8);
    }

    static ModelCard cardWithDropout() {
        return ModelCard.of(
                UNetConfig.of(1, 8, List.of(1, 2), 1, List.of(false, true), 4, 0.3),
                BetaSchedule.linear(100, 1e-3, 0.1),
                8,
                8);
    }

    static TrainConfig config(int batch, long steps, int threads) {
        return new TrainConfig(
                7,
                batch,
                steps,
                new LearningRate.Constant(2e-3),
                Optimizer.adamW(),
                1.0,
                new Ema(0.9, false),
                true,
                DType.FLOAT32,
                threads,
                1,
                Objective.SIMPLE,
                TrainConfig.DROP_CLASS);
    }

    static Recipe recipe(long steps) {
        return new Recipe(card(), new TinyImages(13), config(4, steps, 2));
    }

    static RunPlan plan(long checkpointEvery) {
        return new RunPlan(checkpointEvery, 2, 2, 0, 4, 5, 0, 8, FullDisk.CONTINUE, "");
    }
}
