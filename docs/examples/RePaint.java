import ddpm.diffusion.*;
import ddpm.image.Images;
import ddpm.model.Model;
import ddpm.sampling.Sampler;
import ddpm.torch.*;
import java.util.Arrays;

/** Inpainting with an unconditional loop (RePaint, Lugmayr et al. 2022): the lower half of a digit from its upper half. */
void main(String[] args) throws Exception {
    int count = args.length > 0 ? Integer.parseInt(args[0]) : 100;
    int resample = 5;
    var noise = Noise.seed(7);
    try (var model = Model.embedded(Device.CPU).prepared(DType.FLOAT32);
            var _ = TensorScope.open()) {
        var card = model.card();
        var full = new Diffusion(card.schedule());
        var chain = full.respaced(Timesteps.even(full.steps(), count));
        var three = model.conditioned(3);
        var sampler = new Sampler(chain, card.prediction(), new ddpm.sampling.Solver.Ancestral(card.variance()), card.clip());
        var known = Ops.clamp(sampler.sample(three, card.images(1), noise), -1, 1);

        var pixels = new float[(int) known.shape().numel()];
        Arrays.fill(pixels, 0, pixels.length / 2, 1); // 1 where a pixel is known
        var mask = Tensor.of(pixels, known.shape());
        var unknown = mask.neg().add(1);

        var forward = new ForwardProcess(chain, Device.CPU);
        var steps = sampler.steps(model.conditioned(3), known.shape(), Device.CPU);
        var x = noise.normal(Noise.Domain.USER, 0, 0, known.shape());
        int draw = 1;
        for (int i = count - 1; i >= 0; i--) {
            for (int again = 0; again < (i > 0 ? resample : 1); again++) {
                var drawn = steps.step(x, i, noise.normal(Noise.Domain.USER, 0, draw++, known.shape()));
                var xKnown = known;
                if (i > 0) {
                    var t = Tensor.of(new long[] {i - 1}, Shape.of(1));
                    xKnown = forward.xt(known, t, noise.normal(Noise.Domain.USER, 0, draw++, known.shape()));
                }
                x = mask.mul(xKnown).add(unknown.mul(drawn)); // x_{t-1}, its known part from q(x_{t-1} | x_0)
                if (again + 1 < resample && i > 0) { // one step back up: q(x_t | x_{t-1})
                    double beta = chain.betas().at(i);
                    var z = noise.normal(Noise.Domain.USER, 0, draw++, known.shape());
                    x = x.mul(Math.sqrt(1 - beta)).add(z.mul(Math.sqrt(beta)));
                }
            }
        }
        var both = Ops.cat(0, known, known.mul(mask).sub(unknown), x);
        Images.of(both.toFloats(), both.shape()).grid().write(java.nio.file.Path.of("repaint.png"));
        IO.println("a three, its upper half, and another lower half to it: repaint.png");
    }
}
