package ddpm.nn;

import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;

/** A function from one tensor to another, usually with parameters of its own. */
@FunctionalInterface
public interface Block {
    /**
     * The result belongs to the current {@link ddpm.torch.TensorScope}, or is owned elsewhere, such as x itself or a cached
     * value. Blocks of a {@link #chain} must not keep x, which is freed after them.
     */
    Tensor forward(Tensor x);

    /**
     * Runs one block after another and frees every result when the next is there, so that little lies in memory at once and
     * much of it in the processor's caches. The last result belongs to the current scope; {@code x}, and a tensor that a
     * block returned without having made it, stay as they are.
     */
    static Tensor chain(Tensor x, Block... blocks) {
        var h = x;
        boolean made = false; // here, so that it is ours to free
        for (var block : blocks) {
            try (var scope = TensorScope.open()) {
                var next = block.forward(h);
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
