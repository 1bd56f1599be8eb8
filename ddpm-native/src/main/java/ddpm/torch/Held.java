package ddpm.torch;

import java.util.List;
import java.util.function.Supplier;

/**
 * A value made of tensors that live until this is closed, whatever scopes open and close meanwhile: tables and constants that
 * a long computation reads again and again.
 *
 * <pre>{@code
 * try (var forward = Held.of(() -> new ForwardProcess(diffusion, device))) {
 *     ... forward.value().xt(x0, t, epsilon) ...      // in any scope, on any thread
 * }
 * }</pre>
 */
public final class Held<T> implements AutoCloseable {
    private final T value;
    private final List<Tensor> tensors;

    private Held(T value, List<Tensor> tensors) {
        this.value = value;
        this.tensors = tensors;
    }

    /**
     * Makes a value and takes over all tensors that were made with it.
     *
     * @param maker runs in a scope of its own; tensors that it detaches or closes are not taken
     */
    public static <T> Held<T> of(Supplier<T> maker) {
        try (var scope = TensorScope.open()) {
            T value = maker.get();
            var tensors = scope.owned();
            tensors.forEach(TensorScope::detach);
            return new Held<>(value, tensors);
        }
    }

    /** The value; not to be used after this was closed. */
    public T value() {
        return value;
    }

    /** Frees the value's tensors. */
    @Override
    public void close() {
        tensors.reversed().forEach(Tensor::close);
    }
}
