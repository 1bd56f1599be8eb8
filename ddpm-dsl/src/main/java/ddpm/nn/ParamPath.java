package ddpm.nn;

import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import java.util.function.UnaryOperator;

/**
 * A place in the tree of a network's parameters, at which a block declares what it needs. Names are paths: the key of a
 * parameter in a checkpoint is where its block stands.
 *
 * <pre>{@code
 * ParamPath path = params.sub("down1");
 * Param weight = path.sub("conv1").param("weight", Shape.of(64, 3, 3, 3), init);   // down1.conv1.weight
 * }</pre>
 */
public final class ParamPath {
    private final Params params;
    private final String prefix;

    ParamPath(Params params, String prefix) {
        this.params = params;
        this.prefix = prefix;
    }

    /** The path one name further down; a name may hold dots itself. */
    public ParamPath sub(String name) {
        return new ParamPath(params, prefix + name + ".");
    }

    /** The path one number further down, as the elements of a list are named. */
    public ParamPath sub(int index) {
        return sub(Integer.toString(index));
    }

    /**
     * Declares a parameter here.
     *
     * @throws IllegalStateException if the name is taken or memory was already given out
     */
    public Param param(String name, Shape shape, Init init) {
        return params.declare(prefix + name, shape, init);
    }

    /** Declares numbers that lie on the parameters' device, float32, and are never learned or stored. */
    public Buffer buffer(Shape shape, float[] values) {
        return params.declareBuffer(shape, values);
    }

    /**
     * Lets blocks compute with a function of a parameter in the place of its stored value, for example with a low-rank update
     * added (LoRA) or normalised. The function is differentiated through; of fixed parameters it is computed once.
     *
     * <pre>{@code
     * path.replace("to_q.weight", w -> w.add(Ops.matmul(up.tensor(), down.tensor())));
     * }</pre>
     *
     * @param name of a parameter below this path that is declared already
     * @param function to a tensor of the parameter's shape; called in the scope of each use
     * @throws IllegalArgumentException if there is no such parameter
     */
    public void replace(String name, UnaryOperator<Tensor> function) {
        params.replace(prefix + name, function);
    }

    /** The owner of the memory. */
    Params params() {
        return params;
    }
}
