package ddpm.io;

import ddpm.torch.Shape;

/**
 * A tensor whose element type this library has no numbers for. It stands among a file's values, so that a file
 * can be listed and its other tensors used.
 *
 * @param type as the file has it, e.g. {@code U16}
 */
public record UnreadTensor(String type, Shape shape) {
    /** For example {@code U16 [3, 4]}. */
    @Override
    public String toString() {
        return type + " " + shape;
    }
}
