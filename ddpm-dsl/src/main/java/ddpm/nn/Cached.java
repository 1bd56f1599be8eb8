package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.GradMode;
import ddpm.torch.PackedKernel;
import ddpm.torch.Tensor;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * A value that a block computes from its parameters: at every call, or once for each precision or layout where they are
 * fixed.
 */
final class Cached {
    /** Each is as large as the weight; images alone of ever new sizes would each add one. */
    private static final int MOST_LAYOUTS = 4;

    private final Params params;
    private final Map<Object, Tensor> kept = new ConcurrentHashMap<>();

    Cached(ParamPath path) {
        this.params = path.params();
    }

    /** The value in a precision. Also called by several drawing threads at once. */
    Tensor get(DType precision, Supplier<Tensor> computation) {
        return in(precision, computation);
    }

    /**
     * The value laid out for a processor's kernels; for one image that threads share, where {@link #MOST_LAYOUTS} are kept, in
     * one of these: right too, but slower. Also called by several drawing threads at once.
     */
    Tensor get(PackedKernel.Layout layout, Supplier<Tensor> computation) {
        boolean isOneTooMany = layout.isShared() && kept.size() >= MOST_LAYOUTS && !kept.containsKey(layout);
        var form = isOneTooMany ? another(layout) : layout;
        return in(form, computation);
    }

    private Object another(PackedKernel.Layout wanted) {
        return kept.keySet().stream()
                .filter(form -> form instanceof PackedKernel.Layout layout && layout.type() == wanted.type())
                .findFirst()
                .orElse(wanted);
    }

    private Tensor in(Object form, Supplier<Tensor> computation) {
        return params.isFixed() ? kept.computeIfAbsent(form, _ -> keep(computation)) : computation.get();
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
