package ddpm.train;

import ddpm.nn.Params;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;

/**
 * Adam and AdamW (Kingma and Ba 2015; Loshchilov and Hutter 2019) on a network's parameters, one fused operation a step.
 * Frozen parameters are neither updated nor decayed.
 *
 * <pre>{@code
 * try (var adam = new Adam(params.trainable(), Optimizer.adamW())) {
 *     params.zeroGradient();
 *     loss(network).backward();
 *     params.clipGradient(1);
 *     adam.step(2e-4);
 * }
 * }</pre>
 */
public final class Adam implements AutoCloseable {
    private final Params params;
    private final Optimizer constants;
    private final Tensor firstMoments;
    private final Tensor secondMoments;
    private long steps;

    /**
     * Begins with moments of zero.
     *
     * @param params {@linkplain Params#trainable() trainable}; it stays the caller's
     */
    public Adam(Params params, Optimizer constants) {
        this.params = params;
        this.constants = constants;
        var flat = params.flat();
        try (var _ = TensorScope.open()) {
            firstMoments = TensorScope.detach(Tensor.zeros(flat.shape(), flat.dtype(), flat.device()));
            secondMoments = TensorScope.detach(Tensor.zeros(flat.shape(), flat.dtype(), flat.device()));
        }
    }

    /**
     * Updates the parameters by their gradients.
     *
     * @param rate the learning rate of this step
     */
    public void step(double rate) {
        steps++;
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            for (var stretch : params.trainedStretches()) {
                Ops.adamStep(
                        part(params.flat(), stretch),
                        part(params.flatGradient(), stretch),
                        part(firstMoments, stretch),
                        part(secondMoments, stretch),
                        steps,
                        rate,
                        constants.beta1(),
                        constants.beta2(),
                        constants.weightDecay(),
                        constants.eps(),
                        constants.decay());
            }
        }
    }

    private static Tensor part(Tensor flat, long[] stretch) {
        return flat.narrow(0, stretch[0], stretch[1] - stretch[0]);
    }

    /** The number of steps made. */
    public long steps() {
        return steps;
    }

    /** Goes on where a checkpoint left off, whose moments the caller has copied in. */
    void resumeAt(long made) {
        steps = made;
    }

    /** The average of the gradients, a flat vector in the parameters' layout. */
    public Tensor firstMoments() {
        return firstMoments;
    }

    /** The average of the squared gradients, likewise. */
    public Tensor secondMoments() {
        return secondMoments;
    }

    /** Frees the moments. */
    @Override
    public void close() {
        firstMoments.close();
        secondMoments.close();
    }
}
