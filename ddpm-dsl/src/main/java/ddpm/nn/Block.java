package ddpm.nn;

import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;

/** A function from one tensor to another, usually with parameters of its own. */
@FunctionalInterface
public interface Block {
    /**
     * The result belongs to the current {@link ddpm.torch.TensorScope}, or is a tensor that someone else owns: x itself, a
     * kept one. Modules of a {@link #chain} do not hold on to x, which is freed after them.
     */
    Tensor forward(Tensor x);

    /**
     * One module after another, every result freed when the next is there: what lies in memory at once stays small, and
     * much of it in the processor's caches. The last result belongs to the current scope; {@code x}, and what a module
     * returned without having made it, stay as they are.
     */
    static Tensor chain(Tensor x, Block... modules) {
        var h = x;
        boolean made = false; // here, so that it is ours to free
        for (var module : modules) {
            try (var scope = TensorScope.open()) {
                var next = module.forward(h);
                if (next != h) {
                    boolean madeNext = scope.owns(next);
                    scope.keep(next);
                    if (made) {
                        h.close();
                    }
                    h = next;
                    made = madeNext;
                }
            }
        }
        return h;
    }
}
