package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.GradMode;
import ddpm.torch.Tensor;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * A value that a module computes from its parameters: at every call, or once for each precision where they are fixed.
 */
final class Cached {
    private final Params params;
    private final Map<DType, Tensor> kept = new ConcurrentHashMap<>();

    Cached(Params params) {
        this.params = params;
    }

    /** Also called by several drawing threads at once. */
    Tensor get(DType precision, Supplier<Tensor> computation) {
        return params.isFixed() ? kept.computeIfAbsent(precision, _ -> keep(computation)) : computation.get();
    }

    private Tensor keep(Supplier<Tensor> computation) {
        try (var _ = GradMode.off()) {
            return params.keep(computation.get());
        }
    }
}
