package ddpm.nn;

/**
 * A module that has not found its place yet: what {@code conv2d(128, 256, kernel(3))} gives, and what becomes a
 * {@link Block} at a path.
 */
@FunctionalInterface
public interface Layer {
    /** Declares this layer's parameters below {@code path}. */
    Block at(ParamPath path);
}
