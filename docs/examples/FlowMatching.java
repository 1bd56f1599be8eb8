import ddpm.data.*;
import ddpm.diffusion.*;
import ddpm.image.Images;
import ddpm.model.*;
import ddpm.nn.UNetConfig;
import ddpm.sampling.*;
import ddpm.torch.*;
import ddpm.train.*;
import java.nio.file.Path;
import java.util.List;

/**
 * Flow matching (Lipman et al. 2023; rectified flow, Liu et al. 2023): straight paths x_s = (1 - s) x0 + s epsilon, a network
 * that predicts their velocity epsilon - x0, and Euler's method from s = 1 to 0. Training is a resumable run with a loss of
 * its own.
 */
static final int T = 1000;

Tensor time(Tensor t) {
    return t.to(DType.FLOAT32).add(0.5).mul(1.0 / T).view(-1, 1, 1, 1);
}

void main(String[] args) throws Exception {
    int steps = args.length > 0 ? Integer.parseInt(args[0]) : 2000;
    Examples bars = Examples.of(1000, 1, 16, 16, "bars", (i, image) -> {
        for (int k = 0; k < 256; k++) {
            image[k] = (k % 16 + i) % 16 < 4 ? 1 : -1;
        }
    });
    ExampleLoss flow = (model, x0, t, epsilon) -> {
        var s = time(t);
        var error = model.predict(x0.add(s.mul(epsilon.sub(x0))), t).sub(epsilon.sub(x0));
        return Ops.mean(error.mul(error), 1, 2, 3);
    };
    var card = ModelCard.of(UNetConfig.of(1, 32, List.of(1, 2), 1, List.of(false, false), 8, 0), BetaSchedule.ho2020(), 16, 16);
    var config = TrainConfig.notebook(7, steps).withBatch(32).withLearningRate(new LearningRate.Constant(1e-3));
    var recipe = new Recipe(card, bars, config).withLoss("flow matching", flow);
    try (var run = TrainingRun.open(Path.of("flow"), recipe, RunPlan.every(500).withoutSamples(), RunObserver.SILENT);
            var _ = TensorScope.open();
            var _ = GradMode.off()) {
        run.run();
        var model = run.trainer().model();
        try (var _ = model.params().with(run.trainer().ema())) {
            var x = Noise.seed(2).normal(Noise.Domain.USER, 0, 0, card.images(8));
            for (int k = 50; k > 0; k--) {
                var t = Tensor.of(new long[] {k * T / 50 - 1}, Shape.of(1));
                x = x.sub(model.predict(x, t).mul(1.0 / 50));
            }
            Images.of(x.toFloats(), x.shape()).grid().write(Path.of("flow.png"));
            IO.println("eight bars in 50 steps of Euler: flow.png");
        }
    }
}
