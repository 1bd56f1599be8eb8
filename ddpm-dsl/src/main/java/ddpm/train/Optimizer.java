package ddpm.train;

import ddpm.torch.Ops;

/**
 * Adam's constants (Kingma and Ba 2015).
 *
 * @param decay how weight decay acts
 * @param weightDecay 0 for none
 */
public record Optimizer(Ops.Decay decay, double beta1, double beta2, double eps, double weightDecay) {
    public Optimizer {
        if (!(beta1 >= 0
                && beta1 < 1
                && beta2 >= 0
                && beta2 < 1
                && eps > 0
                && weightDecay >= 0
                && weightDecay < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("Adam with betas " + beta1 + ", " + beta2 + " (0 to below 1), eps " + eps
                    + " (positive) and weight decay " + weightDecay + " (at least 0 and finite)");
        }
    }

    /** These constants with other rates at which the averages of gradients and of their squares forget, 0 to below 1. */
    public Optimizer withBetas(double newBeta1, double newBeta2) {
        return new Optimizer(decay, newBeta1, newBeta2, eps, weightDecay);
    }

    /** These constants with another weight decay, which acts as before; 0 for none. */
    public Optimizer withWeightDecay(double newDecay) {
        return new Optimizer(decay, beta1, beta2, eps, newDecay);
    }

    /** Adam as the paper has it. */
    public static Optimizer adam() {
        return new Optimizer(Ops.Decay.L2, 0.9, 0.999, 1e-8, 0);
    }

    /** AdamW with PyTorch's defaults, as the notebook has it: decay 0.01. */
    public static Optimizer adamW() {
        return new Optimizer(Ops.Decay.DECOUPLED, 0.9, 0.999, 1e-8, 0.01);
    }
}
