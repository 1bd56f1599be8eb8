package ddpm.nn;

/**
 * A block that is described but not built: {@code conv2d(128, 256, kernel(3))} is a layer, and becomes a {@link Block} at a
 * path, where its parameters are declared.
 */
@FunctionalInterface
public interface Layer {
    /** Declares this layer's parameters below {@code path}. */
    Block at(ParamPath path);
}
