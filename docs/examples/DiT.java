import static ddpm.nn.Layers.*;

import ddpm.data.Examples;
import ddpm.diffusion.*;
import ddpm.image.Images;
import ddpm.model.*;
import ddpm.nn.*;
import ddpm.torch.*;
import ddpm.train.*;
import java.nio.file.Path;
import java.util.stream.IntStream;

/**
 * A small diffusion transformer (Peebles and Xie 2023): patches become tokens, and each block's norms are shifted, scaled and
 * gated by the timestep, with gates that start at zero (adaLN-Zero). Unconditional, on discs of any size at any place.
 */
record Dit(int pixels, int patch, int width, int depth, int heads) implements NetworkConfig {
    public int inChannels() {
        return 1;
    }

    public Network build(ParamPath path) {
        return new Transformer(path, this);
    }

    int side() {
        return pixels / patch;
    }
}

/** A linear layer that starts as zero. */
static Block zero(ParamPath path, int in, int out) {
    return new Linear(path, in, out, 0);
}

/** Normalised over the width without parameters of its own, then scaled and shifted: x [B, N, C], shift and scale [B, 1, C]. */
static Tensor modulate(Tensor x, Tensor shift, Tensor scale) {
    return Ops.layerNorm(x, Shape.of(x.shape().size(-1)), null, null, 1e-6).mul(scale.add(1)).add(shift);
}

static final class DitBlock {
    private final Block modulation;
    private final Block attention;
    private final Block mlp;

    DitBlock(ParamPath path, int width, int heads) {
        modulation = zero(path.sub("adaLN_modulation.1"), width, 6 * width);
        attention = multiHeadAttention(width, heads).at(path.sub("attn"));
        mlp = sequential(linear(width, 4 * width), geluTanh(), linear(4 * width, width)).at(path.sub("mlp"));
    }

    /** x [B, N, C], c [B, 1, C]. */
    Tensor forward(Tensor x, Tensor c) {
        var m = Shaping.chunk(modulation.forward(Ops.silu(c)), 6, -1); // six times [B, 1, C]
        x = x.add(m.get(2).mul(attention.forward(modulate(x, m.get(0), m.get(1)))));
        return x.add(m.get(5).mul(mlp.forward(modulate(x, m.get(3), m.get(4)))));
    }
}

static final class Transformer implements Network {
    private final Dit dit;
    private final Block embedding;
    private final Param position;
    private final Block time;
    private final java.util.List<DitBlock> blocks;
    private final Block modulation;
    private final Block out;

    Transformer(ParamPath path, Dit dit) {
        this.dit = dit;
        int width = dit.width();
        int area = dit.patch() * dit.patch();
        embedding = conv2d(1, width, new Conv2d.Config(dit.patch(), dit.patch(), 0)).at(path.sub("x_embedder.proj"));
        position = path.param("pos_embed", Shape.of(1, dit.side() * dit.side(), width), new Init.Normal(0.02));
        var sinusoid = new TimeEmbedding(path, 64, 0, TimeEmbedding.Order.COSINE_FIRST);
        var mlp = sequential(linear(64, width), silu(), linear(width, width)).at(path.sub("t_embedder.mlp"));
        time = t -> mlp.forward(sinusoid.forward(t));
        blocks = IntStream.range(0, dit.depth())
                .mapToObj(i -> new DitBlock(path.sub("blocks").sub(i), width, dit.heads()))
                .toList();
        modulation = zero(path.sub("final_layer.adaLN_modulation.1"), width, 2 * width);
        out = zero(path.sub("final_layer.linear"), width, area);
    }

    public NetworkConfig config() {
        return dit;
    }

    public Tensor forward(Tensor image, Tensor t, Tensor labels) {
        int side = dit.side();
        int patch = dit.patch();
        var c = Shaping.unsqueeze(time.forward(t), 1); // [B, 1, C]
        var x = embedding.forward(image).reshape(-1, dit.width(), side * side).transpose(1, 2).add(position.tensor());
        for (var block : blocks) {
            x = block.forward(x, c); // [B, N, C]
        }
        var m = Shaping.chunk(modulation.forward(Ops.silu(c)), 2, -1);
        return out.forward(modulate(x, m.get(0), m.get(1))) // [B, N, patch * patch]
                .reshape(-1, side, side, patch, patch)
                .permute(0, 1, 3, 2, 4)
                .reshape(-1, 1, dit.pixels(), dit.pixels());
    }
}

void disc(int i, float[] image) {
    var noise = Noise.seed(1);
    double x = 5 + 6 * noise.uniform(Noise.Domain.USER, i, 0, 0);
    double y = 5 + 6 * noise.uniform(Noise.Domain.USER, i, 0, 1);
    double radius = 2 + 3 * noise.uniform(Noise.Domain.USER, i, 0, 2);
    for (int k = 0; k < image.length; k++) {
        image[k] = Math.hypot(k % 16 - x, k / 16 - y) < radius ? 1 : -1;
    }
}

void main(String[] args) throws Exception {
    int steps = args.length > 0 ? Integer.parseInt(args[0]) : 3000;
    var discs = Examples.of(10_000, 1, 16, 16, "discs, seed 1", this::disc);
    var card = ModelCard.of(new Dit(16, 4, 96, 4, 4), BetaSchedule.ho2020(), 16, 16);
    var config = TrainConfig.notebook(7, steps).withBatch(32).withLearningRate(new LearningRate.Constant(5e-4));
    try (var model = new Model(card, Device.CPU);
            var trainer = new Trainer(model, discs, config);
            var _ = TensorScope.open()) {
        trainer.initialise();
        double loss = 0;
        for (int step = 0; step < steps; step++) {
            loss += (trainer.train().loss() - loss) / Math.min(step + 1, 100);
        }
        var sampler = card.sampler(new Diffusion(card.schedule()).respaced(Timesteps.even(1000, 50)));
        var images = sampler.sample(model, card.images(16), Noise.seed(2));
        Images.of(images.toFloats(), images.shape()).grid().write(Path.of("discs.png"));
        IO.println(model.params().count() + " parameters, loss " + loss + ": discs.png");
    }
}
