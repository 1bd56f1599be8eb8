package ddpm.nn;

import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;

/** A function from one tensor to another, usually with parameters of its own. */
@FunctionalInterface
public interface Module {
    /** The result belongs to the current {@link ddpm.torch.TensorScope}, as do all intermediates. */
    Tensor forward(Tensor x);

    /**
     * One module after another, every result freed when the next is there: what lies in memory at once stays small, and
     * much of it in the processor's caches. The last result belongs to the current scope; {@code x} stays as it is.
     */
    static Tensor chain(Tensor x, Module... modules) {
        var h = x;
        for (var module : modules) {
            try (var scope = TensorScope.open()) {
                var next = scope.keep(module.forward(h));
                if (h != x && h != next) {
                    h.close();
                }
                h = next;
            }
        }
        return h;
    }
}
