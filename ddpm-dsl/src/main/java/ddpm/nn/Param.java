package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/** One named parameter: declared by a block when it is built, given memory by its {@link Params} afterwards. */
public final class Param {
    private final String name;
    private final Shape shape;
    private final Init init;
    private final Params root;
    private final Cached cast;
    Tensor value;

    Param(String name, Shape shape, Init init, Params root) {
        this.name = name;
        this.shape = shape;
        this.init = init;
        this.root = root;
        this.cast = new Cached(root.root());
    }

    /** Its full path, the key in checkpoints: {@code down1.conv1.weight}. */
    public String name() {
        return name;
    }

    public Shape shape() {
        return shape;
    }

    public Init init() {
        return init;
    }

    /**
     * The live tensor, a view of the flat buffer.
     *
     * @throws IllegalStateException before its {@link Params} were allocated
     */
    public Tensor tensor() {
        if (value == null) {
            throw new IllegalStateException(
                    "parameter " + name + " has no memory yet: allocate its Params, then load or initialise them");
        }
        return value;
    }

    boolean isFixed() {
        return root.isFixed();
    }

    /**
     * Its value in another floating type, differentiably: what mixed precision computes with. The value itself where it
     * has that type.
     */
    Tensor as(DType type) {
        var tensor = tensor();
        return tensor.dtype() == type ? tensor : cast.get(type, () -> tensor.to(type));
    }
}
