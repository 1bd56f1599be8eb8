package ddpm.nn;

import ddpm.torch.GradMode;
import ddpm.torch.Tensor;
import java.util.function.Supplier;

/** A value that a module computes from its parameters: at every call, or once and for all where they are fixed. */
final class Derived {
    private final Params params;
    private volatile Tensor kept;

    Derived(Params params) {
        this.params = params;
    }

    /** Also called by several drawing threads at once. */
    Tensor get(Supplier<Tensor> computation) {
        if (!params.isFixed()) {
            return computation.get();
        }
        if (kept == null) {
            synchronized (this) {
                if (kept == null) {
                    try (var _ = GradMode.off()) {
                        kept = params.keep(computation.get());
                    }
                }
            }
        }
        return kept;
    }
}
