package ddpm.nn;

import ddpm.io.Safetensors;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFiles;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * The parameters of a network, and the owner of their memory.
 *
 * <p>First the network's blocks are built and declare what they need at a {@link ParamPath}; then {@link #allocate} gives all of it one flat buffer, of which
 * every parameter is a view. Convolution weights lie channels-last in it. Optimiser, EMA and clipping work on
 * {@link #flat()} and {@link #flatGradient()} as single vectors.
 *
 * <pre>{@code
 * var params = new Params();
 * var unet = new UNetMini(params.root(), UNetMini.Config.ofChannels(3));
 * params.allocate(Device.CPU, DType.FLOAT32);
 * params.load(tensors);
 * }</pre>
 */
public final class Params implements AutoCloseable {
    /** Every parameter starts on a 64-byte boundary, as libtorch's own allocations do. */
    private static final int ALIGNMENT = 16;

    private final Map<String, Param> declared = new LinkedHashMap<>();
    private final Map<String, Long> offsets = new LinkedHashMap<>();
    private final List<Buffer> buffers = new ArrayList<>();
    private final List<Tensor> owned = new ArrayList<>();
    private Tensor flat;
    private Tensor gradient;
    private long length;
    private boolean fixed;
    private Predicate<String> trained = _ -> true;

    /** A tree without parameters yet. */
    public Params() {}

    /** The path at which a network's outermost blocks declare their parameters. */
    public ParamPath root() {
        return new ParamPath(this, "");
    }

    /** The path of this name below the root. */
    public ParamPath sub(String name) {
        return root().sub(name);
    }

    Param declare(String name, Shape shape, Init init) {
        if (flat != null) {
            throw new IllegalStateException("parameter " + name + " is declared after allocate()");
        }
        var param = new Param(name, shape, init, this);
        if (declared.putIfAbsent(name, param) != null) {
            throw new IllegalStateException("two parameters are called " + name);
        }
        offsets.put(name, length);
        length += aligned(shape.numel());
        return param;
    }

    /**
     * Lets blocks compute with a function of a parameter in the place of its stored value, see {@link ParamPath#replace}.
     *
     * @throws IllegalArgumentException if there is no such parameter
     */
    public void replace(String name, UnaryOperator<Tensor> function) {
        var param = declared.get(name);
        if (param == null) {
            throw new IllegalArgumentException("there is no parameter " + name + "; those here are such as "
                    + declared.keySet().stream().limit(3).toList());
        }
        param.replace(function);
    }

    /** Blocks that declare the same numbers share one buffer. */
    Buffer declareBuffer(Shape shape, float[] values) {
        if (flat != null) {
            throw new IllegalStateException("a buffer is declared after allocate()");
        }
        for (var known : buffers) {
            if (known.has(shape, values)) {
                return known;
            }
        }
        var buffer = new Buffer(shape, values);
        buffers.add(buffer);
        return buffer;
    }

    /** All parameters of the tree, in the order of declaration. */
    public List<Param> all() {
        return List.copyOf(declared.values());
    }

    /** The number of scalars in all parameters of the tree. */
    public long count() {
        return declared.values().stream().mapToLong(p -> p.shape().numel()).sum();
    }

    /** Gives the whole tree zeroed memory, which it owns until closed. Returns this. */
    public Params allocate(Device device, DType dtype) {
        if (flat != null) {
            throw new IllegalStateException("these parameters have memory already");
        }
        try (var _ = TensorScope.open()) {
            adopt(own(Tensor.zeros(Shape.of(length), dtype, device)));
        }
        return this;
    }

    /**
     * Lets this tree see the memory of another that was declared alike, e.g. one replica of a network per worker thread:
     * same values, gradients of its own. The other must stay open longer. Returns this.
     */
    public Params sharing(Params other) {
        if (flat != null || !other.offsets.equals(offsets)) {
            throw new IllegalStateException("only a fresh tree of the same parameters can share memory");
        }
        try (var _ = TensorScope.open()) {
            adopt(other.flat());
        }
        trained = Set.copyOf(other.trained())::contains;
        return this;
    }

    /**
     * Declares that no value of this tree will change any more, so that its blocks keep what they compute from them:
     * weights in another type, kernels laid out for the processor. For drawing; see {@link #sharing} for a tree of its own
     * beside one that is trained. Returns this.
     *
     * @throws IllegalStateException if the tree has no memory or is being trained
     */
    public Params fixed() {
        if (flat == null || gradient != null) {
            throw new IllegalStateException("only parameters that have memory and are not trainable() can be fixed");
        }
        fixed = true;
        return this;
    }

    boolean isFixed() {
        return fixed;
    }

    /** Lets the tree own a value that a block computed from its fixed parameters. */
    Tensor keep(Tensor derived) {
        synchronized (owned) {
            return own(derived);
        }
    }

    private void requireNotFixed(String change) {
        if (fixed) {
            throw new IllegalStateException("these parameters are fixed(): no " + change + " any more");
        }
    }

    private void adopt(Tensor flat) {
        this.flat = flat;
        declared.forEach((name, param) -> param.give(own(view(flat, param))));
        buffers.forEach(buffer -> buffer.value = own(buffer.onCpu().on(flat.device())));
    }

    private Tensor own(Tensor tensor) {
        owned.add(TensorScope.detach(tensor));
        return tensor;
    }

    /** A parameter's place in a flat buffer. Rank 4 lies as [O, kh, kw, I] and is seen as [O, I, kh, kw]. */
    private Tensor view(Tensor flat, Param param) {
        var shape = param.shape();
        var piece = flat.narrow(0, offsets.get(param.name()), shape.numel());
        return shape.rank() == 4
                ? piece.view(shape.size(0), shape.size(2), shape.size(3), shape.size(1))
                        .permute(0, 3, 1, 2)
                        .detach()
                : piece.view(shape.toArray()).detach();
    }

    /** All parameters as one vector, with padding between them that stays zero. */
    public Tensor flat() {
        if (flat == null) {
            throw new IllegalStateException("allocate() these parameters first");
        }
        return flat;
    }

    /**
     * Makes every parameter a leaf whose gradient accumulates in one flat buffer, {@link #flatGradient()}; of a tree that
     * {@linkplain #sharing shares} another's memory, those that are trained there.
     */
    public Params trainable() {
        return trainable(trained);
    }

    /**
     * Makes the parameters of these names leaves and freezes all others: they have no gradient, and neither an optimiser nor
     * weight decay changes them.
     *
     * @throws IllegalArgumentException if no parameter is left to train
     * @throws IllegalStateException if the tree has no memory or is {@linkplain #fixed fixed}
     */
    public Params trainable(Predicate<String> names) {
        requireNotFixed("training");
        if (declared.keySet().stream().noneMatch(names)) {
            throw new IllegalArgumentException("none of the " + declared.size()
                    + " parameters is to be trained: check the names, such as "
                    + declared.keySet().stream().limit(3).toList());
        }
        trained = names;
        try (var _ = TensorScope.open()) {
            if (gradient == null) {
                gradient = own(Tensor.zeros(Shape.of(length), flat().dtype(), flat().device()));
            }
            declared.forEach((name, param) -> {
                boolean isTrained = names.test(name);
                param.value().requiresGrad(isTrained);
                if (isTrained) {
                    param.value().gradInto(view(gradient, param));
                }
            });
        }
        return this;
    }

    /** The names of the parameters that training changes, in the order of declaration. */
    public List<String> trained() {
        return declared.values().stream()
                .filter(param -> gradient == null
                        ? trained.test(param.name())
                        : param.value().requiresGrad())
                .map(Param::name)
                .toList();
    }

    /**
     * The stretches of a flat buffer that training changes, {@code [from, to)}: one, of the whole buffer, unless parameters
     * are frozen.
     */
    public List<long[]> trainedStretches() {
        var names = new HashSet<>(trained());
        if (names.size() == declared.size()) {
            return List.of(new long[] {0, length});
        }
        var stretches = new ArrayList<long[]>();
        for (var param : declared.values()) {
            if (names.contains(param.name())) {
                long from = offsets.get(param.name());
                long to = from + param.shape().numel();
                if (!stretches.isEmpty() && aligned(stretches.getLast()[1]) == from) {
                    stretches.getLast()[1] = to;
                } else {
                    stretches.add(new long[] {from, to});
                }
            }
        }
        return stretches;
    }

    /** Where a parameter of this tree begins in a flat buffer. */
    public long offset(Param param) {
        return offsets.get(param.name());
    }

    private static long aligned(long numbers) {
        return (numbers + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** Sets all gradients to zero. */
    public void zeroGradient() {
        try (var _ = GradMode.off()) {
            flatGradient().zero();
        }
    }

    /**
     * Scales all gradients so that their norm as one vector is at most {@code maxNorm}, as {@code
     * torch.nn.utils.clip_grad_norm_} does, 1e-6 included.
     *
     * @return the norm before; if it is not finite, nothing is scaled
     */
    public double clipGradient(double maxNorm) {
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            var all = flatGradient();
            double norm = Math.sqrt(Ops.dot(all, all).item());
            double scale = maxNorm / (norm + 1e-6);
            if (scale < 1) {
                Ops.mulInPlace(all, Tensor.scalar((float) scale));
            }
            return norm;
        }
    }

    /**
     * Lets the network compute with other weights, such as an average, until the scope that is returned closes.
     *
     * @param weights a flat buffer of this layout
     */
    public Weights with(Tensor weights) {
        if (!weights.shape().equals(flat().shape())) {
            throw new IllegalArgumentException("these parameters are " + length + " numbers, not " + weights.shape());
        }
        requireNotFixed("change");
        Tensor own;
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            own = TensorScope.detach(flat.copy());
            flat.copyFrom(weights);
        }
        return () -> {
            try (own;
                    var _ = GradMode.off()) {
                flat.copyFrom(own);
            }
        };
    }

    /** Weights that a network computes with for a while, see {@link #with}; closing it brings its own back. */
    @FunctionalInterface
    public interface Weights extends AutoCloseable {
        @Override
        void close();
    }

    /** All gradients as one vector. */
    public Tensor flatGradient() {
        if (gradient == null) {
            throw new IllegalStateException("make these parameters trainable() first");
        }
        return gradient;
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
            for (var param : declared.values()) {
                if (param.init() instanceof Init.Constant constant) {
                    param.value().fill(constant.value());
                } else {
                    var values = new float[Math.toIntExact(param.shape().numel())];
                    uniforms.fill(index, values);
                    param.init().fill(values);
                    param.value().copyFrom(Tensor.of(values, param.shape()));
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
            for (var param : declared.values()) {
                param.value().copyFrom(tensors.get(param.name()));
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
        declared.forEach((name, param) -> shapes.put(name, param.shape()));
        return Collections.unmodifiableMap(shapes);
    }

    /** Another flat buffer of this layout (an EMA, a moment) seen as named tensors of the current scope. */
    public Map<String, Tensor> named(Tensor flat) {
        if (!flat.shape().equals(Shape.of(length))) {
            throw new IllegalArgumentException("these parameters are " + length + " numbers, not " + flat.shape());
        }
        var named = new LinkedHashMap<String, Tensor>();
        declared.forEach((name, param) -> named.put(name, view(flat, param)));
        return named;
    }

    /**
     * Writes all parameters as safetensors, whole or not at all.
     *
     * @param metadata free text by name
     * @throws IOException if the file could not be written; an old one is then as it was
     */
    public void save(Path file, Map<String, String> metadata) throws IOException {
        var stored = new LinkedHashMap<String, StoredTensor>();
        try (var _ = TensorScope.open()) {
            named(flat())
                    .forEach((name, tensor) ->
                            stored.put(name, new StoredTensor(tensor.dtype(), tensor.shape(), tensor.toBytes())));
        }
        Safetensors.write(file, stored, metadata);
    }

    /** The demands of {@link #load(Path, Strictness)} on a file. */
    public enum Strictness {
        /** The file has exactly these parameters. */
        EXACT,
        /** Parameters that the file lacks stay as they are, and what else it has is passed by; one must be there. */
        PRESENT
    }

    /**
     * Sets parameters from a file of any format that {@link TensorFiles} reads, converting their type; all or none.
     *
     * @throws MismatchException if names or shapes do not fit as strictly as asked for; it lists all of them
     * @throws IOException if the file cannot be read
     */
    public Params load(Path file, Strictness strictness) throws IOException {
        var stored = TensorFiles.read(file);
        try (var _ = TensorScope.open()) {
            var tensors = new LinkedHashMap<String, Tensor>();
            stored.forEach((name, tensor) -> {
                if (strictness == Strictness.EXACT || declared.containsKey(name)) {
                    tensors.put(name, Tensor.of(tensor.data(), tensor.dtype(), tensor.shape()));
                }
            });
            if (strictness == Strictness.PRESENT && !tensors.isEmpty()) {
                named(flat()).forEach(tensors::putIfAbsent);
            }
            return load(tensors);
        }
    }

    /** Frees the memory of the whole tree. */
    @Override
    public void close() {
        for (int i = owned.size() - 1; i >= 0; i--) {
            owned.get(i).close();
        }
        owned.clear();
    }
}
