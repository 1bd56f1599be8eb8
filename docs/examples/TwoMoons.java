import static ddpm.nn.Layers.*;

import ddpm.data.Examples;
import ddpm.diffusion.*;
import ddpm.model.*;
import ddpm.nn.*;
import ddpm.torch.*;
import ddpm.train.*;

/** Points of two half moons in the plane, drawn by a diffusion model that is four linear layers. */
record Mlp(int width) implements NetworkConfig {
    @Override
    public int inChannels() {
        return 2;
    }

    @Override
    public Network build(ParamPath path) {
        var sinusoid = new TimeEmbedding(path, width, 1, TimeEmbedding.Order.SINE_FIRST);
        var in = linear(2, width).at(path.sub("in"));
        var time = linear(width, width).at(path.sub("time"));
        var out = sequential(silu(), linear(width, width), silu(), linear(width, width), silu(), linear(width, 2))
                .at(path.sub("out"));
        return new Network() {
            @Override
            public Tensor forward(Tensor x, Tensor t, Tensor labels) {
                var h = in.forward(x.view(-1, 2)).add(time.forward(sinusoid.forward(t))); // [B, width]
                return out.forward(h).view(-1, 2, 1, 1);
            }

            @Override
            public NetworkConfig config() {
                return Mlp.this;
            }
        };
    }
}

void moon(int i, float[] xy) {
    double angle = Math.PI * Noise.seed(1).uniform(Noise.Domain.USER, i, 0, 0);
    int which = i % 2;
    xy[0] = (float) (which == 0 ? Math.cos(angle) - 0.5 : 0.5 - Math.cos(angle));
    xy[1] = (float) (which == 0 ? Math.sin(angle) - 0.25 : 0.25 - Math.sin(angle));
}

/** The mean distance of points from the two half circles. */
double distance(float[] xy) {
    double sum = 0;
    for (int i = 0; i < xy.length; i += 2) {
        double above = Math.hypot(xy[i] + 0.5, Math.max(xy[i + 1] + 0.25, 0)) - 1;
        double below = Math.hypot(xy[i] - 0.5, Math.min(xy[i + 1] - 0.25, 0)) - 1;
        sum += Math.min(Math.abs(above), Math.abs(below));
    }
    return 2 * sum / xy.length;
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
            var report = trainer.train();
            if (step % 500 == 0) {
                IO.println("step " + step + ": loss " + report.loss());
            }
        }
        var sampler = card.sampler(new Diffusion(card.schedule())).withClip(Clip.NONE);
        var points = sampler.sample(model, card.images(1000), Noise.seed(2)).toFloats();
        IO.println("1000 points are " + distance(points) + " from the moons on average");
    }
}
