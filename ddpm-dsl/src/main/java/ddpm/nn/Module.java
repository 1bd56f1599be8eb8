package ddpm.nn;

import ddpm.torch.Tensor;

/** A function from one tensor to another, usually with parameters of its own. */
@FunctionalInterface
public interface Module {
    /** The result belongs to the current {@link ddpm.torch.TensorScope}, as do all intermediates. */
    Tensor forward(Tensor x);
}
