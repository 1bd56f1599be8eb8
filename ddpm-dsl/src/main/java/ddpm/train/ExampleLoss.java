package ddpm.train;

import ddpm.diffusion.Denoiser;
import ddpm.torch.Tensor;

/**
 * A loss of one's own, example by example. Flow matching, for instance, with T timesteps:
 *
 * <pre>{@code
 * ExampleLoss flow = (model, x0, t, epsilon) -> {
 *     Tensor s = t.to(DType.FLOAT32).add(0.5).mul(1.0 / T).view(-1, 1, 1, 1);
 *     Tensor xs = x0.mul(s.neg().add(1)).add(epsilon.mul(s));
 *     Tensor error = model.predict(xs, t).sub(epsilon.sub(x0));
 *     return Ops.mean(error.mul(error), 1, 2, 3);
 * };
 * }</pre>
 */
@FunctionalInterface
public interface ExampleLoss {
    /**
     * Computes the loss of a slice of a batch.
     *
     * @param model the network that is trained, with the slice's labels and dropout; may be asked more than once
     * @param x0 examples {@code [n, C, H, W]}
     * @param t timesteps {@code [n]}, int64, uniform in 0..T-1
     * @param epsilon standard normal, like x0
     * @return {@code [n]}, differentiable
     */
    Tensor perExample(Denoiser model, Tensor x0, Tensor t, Tensor epsilon);
}
