import ddpm.diffusion.*;
import ddpm.image.Images;
import ddpm.model.Model;
import ddpm.sampling.*;
import ddpm.torch.*;

/**
 * Heun's method of second order on the noise levels of Karras et al. 2022 (EDM, algorithm 1), as a solver of one's own: two
 * evaluations of the model a step.
 *
 * <p>In x / sqrt(alphasCumprod) = x0 + sigma epsilon the ODE is dx/dsigma = (x - x0) / sigma.
 */
Solver heun() {
    return chain -> {
        var diffusion = chain.diffusion();
        int n = diffusion.steps();
        var sigmas = diffusion.sigmas();
        var scale = chain.table(diffusion.sqrtAlphasCumprod());
        var scaleBelow = chain.table(Table.of(n, i -> Math.sqrt(diffusion.alphasCumprodPrev().at(i))));
        var sigma = chain.table(sigmas);
        var step = chain.table(Table.of(n, i -> (i == 0 ? 0 : sigmas.at(i - 1)) - sigmas.at(i)));
        // The last step goes to sigma = 0, where the slope is not defined: it is Euler's, and its second slope the first.
        var second = chain.table(Table.of(n, i -> i == 0 ? 0 : 0.5));
        var below = chain.table(Table.of(n, i -> Math.max(0, i - 1)));
        return (xt, i, z) -> {
            var x = xt.div(scale.at(i));
            var slope = x.sub(chain.x0(xt, chain.output(xt, i), i)).div(sigma.at(i));
            var euler = x.add(step.at(i).mul(slope));
            var next = below.at(i).view(1).to(DType.INT64);
            var xNext = euler.mul(scale.at(next));
            var slopeNext = euler.sub(chain.x0(xNext, chain.output(xNext, next), next)).div(sigma.at(next));
            var corrected = euler.add(second.at(i).mul(step.at(i)).mul(slopeNext.sub(slope)));
            return corrected.mul(scaleBelow.at(i));
        };
    };
}

void main(String[] args) throws Exception {
    int count = args.length > 0 ? Integer.parseInt(args[0]) : 18;
    try (var model = Model.embedded(Device.CPU).prepared(DType.FLOAT32);
            var _ = TensorScope.open()) {
        var card = model.card();
        var full = new Diffusion(card.schedule());
        var chain = full.respaced(Timesteps.karras(full, count, 7));
        var sampler = new Sampler(chain, card.prediction(), heun(), card.clip());
        int[] digits = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
        var images = sampler.sample(model.conditioned(digits), card.images(10), Noise.seed(7));
        Images.of(images.toFloats(), images.shape()).grid().write(java.nio.file.Path.of("heun.png"));
        IO.println("ten digits in " + 2 * count + " evaluations: heun.png");
    }
}
