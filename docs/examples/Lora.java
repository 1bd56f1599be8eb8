import ddpm.data.Mnist;
import ddpm.diffusion.*;
import ddpm.image.Images;
import ddpm.model.*;
import ddpm.nn.*;
import ddpm.torch.*;
import ddpm.train.*;
import java.nio.file.Path;
import java.util.Map;

/**
 * LoRA (Hu et al. 2022) on the built-in UNet: low-rank updates of the attention's projections, trained while everything else
 * stays frozen, in a file of their own under the names of diffusers.
 */
void main(String[] args) throws Exception {
    int steps = args.length > 0 ? Integer.parseInt(args[0]) : 200;
    int rank = 4;
    try (var model = Model.embedded(Device.CPU);
            var lora = new Params();
            var _ = TensorScope.open()) {
        for (var weight : model.params().all()) {
            if (weight.name().matches(".*attentions.*to_(q|k|v|out\\.0)\\.weight")) {
                var at = lora.sub("unet." + weight.name().replace(".weight", ""));
                var a = at.param("lora_A.weight", Shape.of(rank, weight.shape().size(1)), new Init.Normal(1.0 / rank));
                var b = at.param("lora_B.weight", Shape.of(weight.shape().size(0), rank), Init.ZEROS);
                model.params().replace(weight.name(), w -> w.add(Ops.matmul(b.tensor(), a.tensor())));
            }
        }
        var noise = Noise.seed(7);
        lora.allocate(Device.CPU, DType.FLOAT32);
        lora.initialise((i, target) -> noise.uniforms(Noise.Domain.INIT, i, 0, target, 0, target.length));

        // New images for the adapter to learn: the model's own sevens, upside down.
        var card = model.card();
        var sampler = card.sampler(new Diffusion(card.schedule()).respaced(Timesteps.even(1000, 20)));
        var sevens = sampler.sample(model.conditioned(7, 7, 7, 7, 7, 7, 7, 7), card.images(8), noise);
        var turned = flipped(Ops.clamp(sevens, -1, 1));

        var forward = new ForwardProcess(new Diffusion(card.schedule()), Device.CPU);
        var labels = Tensor.of(new long[] {7, 7, 7, 7, 7, 7, 7, 7}, Shape.of(8));
        try (var adam = new Adam(lora.trainable(), Optimizer.adamW())) {
            for (int step = 0; step < steps; step++) {
                try (var _ = TensorScope.open()) {
                    var t = new long[8];
                    for (int k = 0; k < 8; k++) {
                        t[k] = noise.below(1000, Noise.Domain.USER, k, step, 0);
                    }
                    var epsilon = noise.normal(Noise.Domain.USER, 8, step, turned.shape());
                    var at = Tensor.of(t, Shape.of(8));
                    lora.zeroGradient();
                    var loss = Ops.mseLoss(model.network().forward(forward.xt(turned, at, epsilon), at, labels), epsilon);
                    loss.backward();
                    lora.clipGradient(1);
                    adam.step(1e-3);
                    if (step % 50 == 0) {
                        IO.println("step " + step + ": loss " + loss.item());
                    }
                }
            }
        }
        lora.save(Path.of("sevens.lora.safetensors"), Map.of("rank", Integer.toString(rank)));
        var images = sampler.sample(model.conditioned(7, 7, 7, 7), card.images(4), Noise.seed(8));
        Images.of(images.toFloats(), images.shape()).grid().write(Path.of("lora.png"));
        IO.println(lora.count() + " adapted numbers of " + model.params().count() + ": lora.png");
    }
}

/** Rows in reverse order. */
Tensor flipped(Tensor images) {
    var values = images.toFloats();
    int w = (int) images.shape().size(3);
    int h = (int) images.shape().size(2);
    var out = new float[values.length];
    for (int row = 0; row < values.length / w; row++) {
        int image = row / h;
        System.arraycopy(values, row * w, out, (image * h + h - 1 - row % h) * w, w);
    }
    return Tensor.of(out, images.shape());
}
