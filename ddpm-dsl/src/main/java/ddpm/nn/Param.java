package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import java.util.function.UnaryOperator;

/** One named parameter: declared by a block when it is built, given memory by its {@link Params} afterwards. */
public final class Param {
    private final String name;
    private final Shape shape;
    private final Init init;
    private final Params root;
    private final Cached computed;
    private Tensor value;
    private UnaryOperator<Tensor> replacement;

    Param(String name, Shape shape, Init init, Params root) {
        this.name = name;
        this.shape = shape;
        this.init = init;
        this.root = root;
        this.computed = new Cached(root.root());
    }

    /** The full path, the key in checkpoints: {@code down1.conv1.weight}. */
    public String name() {
        return name;
    }

    public Shape shape() {
        return shape;
    }

    public Init init() {
        return init;
    }

    void give(Tensor memory) {
        value = memory;
    }

    void replace(UnaryOperator<Tensor> function) {
        var before = replacement;
        replacement = before == null ? function : given -> function.apply(before.apply(given));
    }

    /**
     * The stored value, a view of the flat buffer: what is initialised, loaded, saved and trained.
     *
     * @throws IllegalStateException before its {@link Params} were allocated
     */
    public Tensor value() {
        if (value == null) {
            throw new IllegalStateException(
                    "parameter " + name + " has no memory yet: allocate its Params, then load or initialise them");
        }
        return value;
    }

    /**
     * The tensor that blocks compute with: the stored value, or what {@link ParamPath#replace} makes of it.
     *
     * @throws IllegalStateException before its {@link Params} were allocated
     */
    public Tensor tensor() {
        return as(value().dtype());
    }

    boolean isFixed() {
        return root.isFixed();
    }

    /**
     * The tensor that blocks compute with in another floating type, differentiably: the form that mixed precision needs.
     */
    public Tensor as(DType type) {
        var stored = value();
        if (replacement == null) {
            return stored.dtype() == type ? stored : computed.get(type, () -> stored.to(type));
        }
        return computed.get(type, () -> replacement.apply(stored).to(type));
    }
}
