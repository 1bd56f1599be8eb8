import static ddpm.nn.Layers.*;

import ddpm.data.Examples;
import ddpm.diffusion.*;
import ddpm.model.*;
import ddpm.nn.*;
import ddpm.torch.*;
import ddpm.train.*;

/** Points of two half moons in the plane, drawn by a diffusion model that is five linear layers. */
record Mlp(int width) implements NetworkConfig {
    public int inChannels() {
        return 2;
    }

    public Network build(ParamPath path) {
        var sinusoid = new TimeEmbedding(path, width, 1, TimeEmbedding.Order.SINE_FIRST);
        var time = linear(width, width).at(path.sub("time"));
        var in = linear(2, width).at(path.sub("in"));
        var out = sequential(silu(), linear(width, width), silu(), linear(width, width), silu(), linear(width, 2))
                .at(path.sub("out"));
        return Network.of(this, (x, t, labels) -> {
            var h = in.forward(x.view(-1, 2)).add(time.forward(sinusoid.forward(t))); // [B, width]
            return out.forward(h).view(-1, 2, 1, 1);
        });
    }
}

void moon(int i, float[] xy) {
    double angle = Math.PI * Noise.seed(1).uniform(Noise.Domain.USER, i, 0, 0);
    int side = i % 2 == 0 ? 1 : -1;
    xy[0] = (float) (side * (Math.cos(angle) - 0.5));
    xy[1] = (float) (side * (Math.sin(angle) - 0.25));
}

void main(String[] args) {
    int steps = args.length > 0 ? Integer.parseInt(args[0]) : 3000;
    var moons = Examples.of(10_000, 2, 1, 1, "two moons, seed 1", this::moon);
    var card = ModelCard.of(new Mlp(128), BetaSchedule.linear(200, 1e-4, 0.05), 1, 1);
    var config = TrainConfig.notebook(7, steps).withBatch(256).withLearningRate(new LearningRate.Constant(1e-3));
    try (var model = new Model(card, Device.CPU);
            var trainer = new Trainer(model, moons, config);
            var _ = TensorScope.open()) {
        trainer.initialise();
        for (int step = 0; step < steps; step++) {
            trainer.train();
        }
        var sampler = card.sampler(new Diffusion(card.schedule())).withClip(Clip.NONE);
        var xy = sampler.sample(model, card.images(1000), Noise.seed(2)).toFloats();
        double distance = 0; // from the nearer half circle
        for (int i = 0; i < xy.length; i += 2) {
            double upper = Math.abs(Math.hypot(xy[i] + 0.5, Math.max(xy[i + 1] + 0.25, 0)) - 1);
            double lower = Math.abs(Math.hypot(xy[i] - 0.5, Math.min(xy[i + 1] - 0.25, 0)) - 1);
            distance += Math.min(upper, lower) / 1000;
        }
        IO.println("1000 points are " + distance + " from the moons on average");
    }
}
