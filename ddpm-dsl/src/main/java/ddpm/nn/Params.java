package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A path in the tree of a network's parameters, and at its root their memory.
 *
 * <p>First modules are built and declare what they need; then {@link #allocate} gives all of it one flat buffer, of which
 * every parameter is a view. Convolution weights lie channels-last in it. Optimiser, EMA and clipping work on
 * {@link #flat()} and {@link #flatGradient()} as single vectors.
 *
 * <pre>{@code
 * var params = new Params();
 * var unet = new UNetMini(params, UNetMini.Config.ofChannels(3));
 * params.allocate(Device.CPU, DType.FLOAT32);
 * params.load(tensors);
 * }</pre>
 */
public final class Params implements AutoCloseable {
    /** Every parameter starts on a 64-byte boundary, as libtorch's own allocations do. */
    private static final int ALIGNMENT = 16;

    private static final class Store {
        final Map<String, Param> declared = new LinkedHashMap<>();
        final Map<String, Long> offsets = new LinkedHashMap<>();
        final List<Buffer> constants = new ArrayList<>();
        final List<Tensor> owned = new ArrayList<>();
        Tensor flat;
        Tensor gradient;
        long length;
        boolean fixed;
        int timesteps;
    }

    private final Store store;
    private final String prefix;

    /** The root of a new tree. */
    public Params() {
        this(new Store(), "");
    }

    private Params(Store store, String prefix) {
        this.store = store;
        this.prefix = prefix;
    }

    /** The path one name further down; a name may hold dots itself. */
    public Params sub(String name) {
        return new Params(store, prefix + name + ".");
    }

    public Params sub(int index) {
        return sub(Integer.toString(index));
    }

    /**
     * Declares a parameter here.
     *
     * @throws IllegalStateException if the name is taken or memory was already given out
     */
    public Param param(String name, Shape shape, Init init) {
        var full = prefix + name;
        if (store.flat != null) {
            throw new IllegalStateException("parameter " + full + " is declared after allocate()");
        }
        var param = new Param(full, shape, init, this);
        if (store.declared.putIfAbsent(full, param) != null) {
            throw new IllegalStateException("two parameters are called " + full);
        }
        store.offsets.put(full, store.length);
        store.length += (shape.numel() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return param;
    }

    /** Declares numbers that lie on the parameters' device, float32, and are never learned or stored. */
    Buffer constant(Shape shape, float[] values) {
        if (store.flat != null) {
            throw new IllegalStateException("a constant is declared after allocate()");
        }
        var constant = new Buffer(shape, values);
        store.constants.add(constant);
        return constant;
    }

    /** All parameters of the tree, in the order of declaration. */
    public List<Param> all() {
        return List.copyOf(store.declared.values());
    }

    /** The number of scalars in all parameters of the tree. */
    public long count() {
        return store.declared.values().stream()
                .mapToLong(p -> p.shape().numel())
                .sum();
    }

    /** Gives the whole tree zeroed memory, which it owns until closed. Returns this. */
    public Params allocate(Device device, DType dtype) {
        if (store.flat != null) {
            throw new IllegalStateException("these parameters have memory already");
        }
        try (var _ = TensorScope.open()) {
            adopt(own(Tensor.zeros(Shape.of(store.length), dtype, device)));
        }
        return this;
    }

    /**
     * Lets this tree see the memory of another that was declared alike, e.g. one replica of a network per worker thread:
     * same values, gradients of its own. The other must stay open longer. Returns this.
     */
    public Params sharing(Params other) {
        if (store.flat != null || !other.store.offsets.equals(store.offsets)) {
            throw new IllegalStateException("only a fresh tree of the same parameters can share memory");
        }
        try (var _ = TensorScope.open()) {
            adopt(other.flat());
        }
        return this;
    }

    /**
     * Declares that no value of this tree will change any more, so that its modules keep what they compute from them:
     * weights in another type, kernels laid out for the processor. For drawing; see {@link #sharing} for a tree of its own
     * beside one that is trained. Returns this.
     *
     * @throws IllegalStateException if the tree has no memory or is being trained
     */
    public Params fixed() {
        if (store.flat == null || store.gradient != null) {
            throw new IllegalStateException("only parameters that have memory and are not trainable() can be fixed");
        }
        store.fixed = true;
        return this;
    }

    /**
     * The same for a network that will be asked about the timesteps 0 to {@code timesteps - 1} over and over: it embeds
     * all of them at once, and keeps that. Others are embedded when they come.
     */
    public Params fixed(int timesteps) {
        if (timesteps < 0) {
            throw new IllegalArgumentException(timesteps + " timesteps: 0 or more");
        }
        fixed();
        store.timesteps = timesteps;
        return this;
    }

    int timesteps() {
        return store.timesteps;
    }

    boolean isFixed() {
        return store.fixed;
    }

    /** Lets the tree own what a module derived from its fixed values. */
    Tensor keep(Tensor derived) {
        synchronized (store) {
            return own(derived);
        }
    }

    private void requireNotFixed(String change) {
        if (store.fixed) {
            throw new IllegalStateException("these parameters are fixed(): no " + change + " any more");
        }
    }

    private void adopt(Tensor flat) {
        store.flat = flat;
        store.declared.forEach((name, param) -> param.value = own(view(flat, param)));
        store.constants.forEach(
                constant -> constant.value = own(constant.onCpu().on(flat.device())));
    }

    private Tensor own(Tensor tensor) {
        store.owned.add(TensorScope.detach(tensor));
        return tensor;
    }

    /** A parameter's place in a flat buffer. Rank 4 lies as [O, kh, kw, I] and is seen as [O, I, kh, kw]. */
    private Tensor view(Tensor flat, Param param) {
        var shape = param.shape();
        var piece = flat.narrow(0, store.offsets.get(param.name()), shape.numel());
        return shape.rank() == 4
                ? piece.view(shape.size(0), shape.size(2), shape.size(3), shape.size(1))
                        .permute(0, 3, 1, 2)
                        .detach()
                : piece.view(shape.toArray()).detach();
    }

    /** All parameters as one vector, with padding between them that stays zero. */
    public Tensor flat() {
        if (store.flat == null) {
            throw new IllegalStateException("allocate() these parameters first");
        }
        return store.flat;
    }

    /** Makes every parameter a leaf whose gradient accumulates in one flat buffer, {@link #flatGradient()}. */
    public Params trainable() {
        requireNotFixed("training");
        if (store.gradient == null) {
            try (var _ = TensorScope.open()) {
                store.gradient = own(Tensor.zeros(Shape.of(store.length), flat().dtype(), flat().device()));
                store.declared.forEach((name, param) -> {
                    param.tensor().requiresGrad(true);
                    param.tensor().gradInto(view(store.gradient, param));
                });
            }
        }
        return this;
    }

    /** All gradients as one vector. */
    public Tensor flatGradient() {
        if (store.gradient == null) {
            throw new IllegalStateException("make these parameters trainable() first");
        }
        return store.gradient;
    }

    /** Uniform random numbers in (0, 1), the same for the same parameter index at every call. */
    @FunctionalInterface
    public interface Uniforms {
        void fill(int parameter, float[] target);
    }

    /** Sets every parameter as its {@link Init} says; the {@code i}-th declared one draws from {@code uniforms(i)}. */
    public Params initialise(Uniforms uniforms) {
        requireNotFixed("initialisation");
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            int index = 0;
            for (var param : store.declared.values()) {
                switch (param.init()) {
                    case Init.Constant constant -> param.tensor().fill(constant.value());
                    case Init.Uniform uniform -> {
                        var values = new float[Math.toIntExact(param.shape().numel())];
                        uniforms.fill(index, values);
                        for (int i = 0; i < values.length; i++) {
                            values[i] = (float) ((2.0 * values[i] - 1) * uniform.limit());
                        }
                        param.tensor().copyFrom(Tensor.of(values, param.shape()));
                    }
                }
                index++;
            }
        }
        return this;
    }

    /**
     * Sets every parameter from a tensor of its name, converting the type; all or none.
     *
     * @throws MismatchException if any name is missing, unknown or of another shape; it lists all of them
     */
    public Params load(Map<String, Tensor> tensors) {
        requireNotFixed("loading");
        var given = new LinkedHashMap<String, Shape>();
        tensors.forEach((name, tensor) -> given.put(name, tensor.shape()));
        requireFit(given);
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            for (var param : store.declared.values()) {
                param.tensor().copyFrom(tensors.get(param.name()));
            }
        }
        return this;
    }

    /**
     * Checks that tensors of these names and shapes are exactly what this tree needs.
     *
     * @throws MismatchException listing all that are missing, unknown or of another shape
     */
    public void requireFit(Map<String, Shape> given) {
        MismatchException.check(shapes(), given);
    }

    /** Names and shapes of all parameters. */
    public Map<String, Shape> shapes() {
        var shapes = new LinkedHashMap<String, Shape>();
        store.declared.forEach((name, param) -> shapes.put(name, param.shape()));
        return Collections.unmodifiableMap(shapes);
    }

    /** Another flat buffer of this layout (an EMA, a moment) seen as named tensors of the current scope. */
    public Map<String, Tensor> named(Tensor flat) {
        if (!flat.shape().equals(Shape.of(store.length))) {
            throw new IllegalArgumentException(
                    "these parameters are " + store.length + " numbers, not " + flat.shape());
        }
        var named = new LinkedHashMap<String, Tensor>();
        store.declared.forEach((name, param) -> named.put(name, view(flat, param)));
        return named;
    }

    /** Frees the memory of the whole tree. */
    @Override
    public void close() {
        for (int i = store.owned.size() - 1; i >= 0; i--) {
            store.owned.get(i).close();
        }
        store.owned.clear();
    }
}
