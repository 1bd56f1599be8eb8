package ddpm.torch;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * Owns the tensors that are made while it is the innermost open scope of its thread, and frees them when it closes.
 *
 * <pre>{@code
 * try (var scope = TensorScope.open()) {
 *     Tensor y = f(x);          // f's intermediates die with the scope
 *     return scope.keep(y);     // y is handed to the enclosing scope
 * }
 * }</pre>
 *
 * <p>Scopes nest per thread and close in reverse order of opening. Every tensor is born in a scope; making one with no
 * scope open is an error, so nothing is left to the garbage collector.
 */
public final class TensorScope implements AutoCloseable {
    private static final ThreadLocal<Deque<TensorScope>> OPEN = ThreadLocal.withInitial(ArrayDeque::new);
    private static final LongAdder LIVE = new LongAdder();

    private final ArrayList<Tensor> tensors = new ArrayList<>();
    private final Thread owner = Thread.currentThread();
    private boolean closed;

    private TensorScope() {}

    /** Opens a scope on this thread; loads the default libtorch if none is loaded yet. */
    public static TensorScope open() {
        LibTorch.load();
        var scope = new TensorScope();
        OPEN.get().push(scope);
        return scope;
    }

    static TensorScope current() {
        var scope = OPEN.get().peek();
        if (scope == null) {
            throw new IllegalStateException("no TensorScope is open on thread "
                    + Thread.currentThread().getName() + ": make tensors inside try (var scope = TensorScope.open())");
        }
        return scope;
    }

    void add(Tensor tensor) {
        tensor.scope = this;
        tensor.slot = tensors.size();
        tensors.add(tensor);
        LIVE.increment();
    }

    /** Forgets a tensor that was closed or that moves elsewhere; its slot stays empty, so the order of freeing holds. */
    void forget(Tensor tensor) {
        if (Thread.currentThread() != owner) {
            tensor.scope = null; // the list is the owner's alone; close() passes by what is no longer its own
            return;
        }
        if (tensors.get(tensor.slot) == tensor) {
            tensors.set(tensor.slot, null);
        }
        tensor.scope = null;
        // A loop that closes what it makes must not grow the list.
        while (!tensors.isEmpty() && tensors.getLast() == null) {
            tensors.removeLast();
        }
    }

    static void closedOne() {
        LIVE.decrement();
    }

    /**
     * Hands a tensor of this scope to the enclosing scope of this thread, or, where there is none, to the caller, who
     * then closes it. A tensor that another scope owns is left there.
     *
     * @return the same tensor
     * @throws IllegalStateException on a thread other than the scope's
     */
    public Tensor keep(Tensor tensor) {
        if (Thread.currentThread() != owner) {
            throw new IllegalStateException(
                    "keep() belongs to the thread that opened the scope: use detach() elsewhere");
        }
        if (tensor.scope == this) {
            forget(tensor);
            TensorScope outer = null;
            boolean found = false;
            for (var scope : OPEN.get()) {
                if (found) {
                    outer = scope;
                    break;
                }
                found = scope == this;
            }
            if (outer != null) {
                tensor.scope = outer;
                tensor.slot = outer.tensors.size();
                outer.tensors.add(tensor);
            }
        }
        return tensor;
    }

    /** The tensors that this scope will free, oldest first. */
    List<Tensor> owned() {
        return tensors.stream().filter(tensor -> tensor != null && owns(tensor)).toList();
    }

    /** Whether this scope will free the tensor. */
    public boolean owns(Tensor tensor) {
        return tensor.scope == this;
    }

    /** Takes a tensor out of the scope that owns it, if any: from now on the caller closes it. */
    public static Tensor detach(Tensor tensor) {
        var owner = tensor.scope;
        if (owner != null) {
            owner.forget(tensor);
        }
        return tensor;
    }

    /** How many tensors of this process are open: made and not yet freed, on all threads, in scopes or out of them. */
    public static long liveTensors() {
        return LIVE.sum();
    }

    /**
     * Frees what is left in this scope, newest first.
     *
     * @throws IllegalStateException if it is not the innermost open scope of the thread that opened it
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        if (Thread.currentThread() != owner || OPEN.get().peek() != this) {
            throw new IllegalStateException(
                    "scopes close on the thread that opened them, innermost first; use try-with-resources");
        }
        OPEN.get().pop();
        closed = true;
        for (int i = tensors.size() - 1; i >= 0; i--) {
            var tensor = tensors.get(i);
            if (tensor != null && tensor.scope == this) {
                tensor.scope = null;
                tensor.close();
            }
        }
        tensors.clear();
    }
}
