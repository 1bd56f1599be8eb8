package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.GradMode;
import ddpm.torch.Tensor;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * A value that a block computes from its parameters: at every call, or once for each precision where they are fixed.
 */
final class Cached {
    private final Params params;
    private final Map<DType, Tensor> kept = new ConcurrentHashMap<>();

    Cached(ParamPath path) {
        this.params = path.params();
    }

    /** Also called by several drawing threads at once. */
    Tensor get(DType precision, Supplier<Tensor> computation) {
        return params.isFixed() ? kept.computeIfAbsent(precision, _ -> keep(computation)) : computation.get();
    }

    /** Whether a computed value is kept, because the parameters are fixed. */
    boolean isKept() {
        return params.isFixed();
    }

    private Tensor keep(Supplier<Tensor> computation) {
        try (var _ = GradMode.off()) {
            return params.keep(computation.get());
        }
    }
}
