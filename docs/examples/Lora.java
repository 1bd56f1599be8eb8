import ddpm.diffusion.*;
import ddpm.image.Images;
import ddpm.model.Model;
import ddpm.nn.*;
import ddpm.torch.*;
import ddpm.train.*;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * LoRA (Hu et al. 2022) on the built-in UNet: low-rank updates of the attention's projections, trained while everything else
 * stays frozen, in a file of their own under the names of diffusers. Here they learn to draw grey sevens.
 */
void main(String[] args) throws Exception {
    int steps = args.length > 0 ? Integer.parseInt(args[0]) : 200;
    int rank = 4;
    var noise = Noise.seed(7);
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
        lora.allocate(Device.CPU, DType.FLOAT32);
        lora.initialise((i, target) -> noise.uniforms(Noise.Domain.INIT, i, 0, target, 0, target.length));

        var diffusion = new Diffusion(model.card().schedule());
        var sampler = model.card().sampler(diffusion.respaced(Timesteps.even(1000, 20)));
        var sevens = model.conditioned(7, 7, 7, 7, 7, 7, 7, 7);
        var grey = sampler.sample(sevens, model.card().images(8), noise).add(-1).mul(0.5); // from [-1, 1] to [-1, 0]
        var forward = new ForwardProcess(diffusion, Device.CPU);
        try (var adam = new Adam(lora.trainable(), Optimizer.adamW())) {
            for (int step = 0; step < steps; step++) {
                int s = step;
                try (var _ = TensorScope.open()) {
                    var random = LongStream.range(0, 8).map(k -> noise.below(1000, Noise.Domain.USER, k, s, 0));
                    var t = Tensor.of(random.toArray(), Shape.of(8));
                    var epsilon = noise.normal(Noise.Domain.USER, 8, step, grey.shape());
                    lora.zeroGradient();
                    Ops.mseLoss(sevens.predict(forward.xt(grey, t, epsilon), t), epsilon).backward();
                    lora.clipGradient(1);
                    adam.step(1e-3);
                }
            }
        }
        lora.save(Path.of("grey.lora.safetensors"), Map.of("rank", Integer.toString(rank)));
        var images = sampler.sample(sevens, model.card().images(8), Noise.seed(8));
        Images.of(images.toFloats(), images.shape()).grid().write(Path.of("lora.png"));
        IO.println(lora.count() + " adapted numbers of " + model.params().count() + ": lora.png");
    }
}
