package ddpm.io;

import ddpm.torch.Shape;

/**
 * A tensor as a pickle describes it: element {@code [i, j, ...]} is element {@code offset + i * strides[0] + j *
 * strides[1] + ...} of the storage. All of them lie inside the storage.
 *
 * @param strides in elements, at least 0, as many as {@code shape} has dimensions
 * @param end one past the last element of the storage that this tensor reaches; {@code offset} when it has none
 */
record TorchView(TorchStorage storage, long offset, Shape shape, long[] strides, long end) {

    /**
     * @param sizes and {@code strides} as read, unchecked
     * @throws IllegalArgumentException if they do not describe a tensor inside {@code storage}; the message says why
     */
    static TorchView of(TorchStorage storage, long offset, long[] sizes, long[] strides) {
        if (sizes.length != strides.length) {
            throw new IllegalArgumentException(sizes.length + " sizes but " + strides.length + " strides");
        }
        var shape = Shape.of(sizes);
        if (offset < 0 || offset > storage.numel()) {
            throw new IllegalArgumentException(
                    "offset " + offset + " in a storage of " + storage.numel() + " elements");
        }
        for (long stride : strides) {
            if (stride < 0) {
                throw new IllegalArgumentException("the negative stride " + stride);
            }
        }
        if (shape.numel() == 0) {
            return new TorchView(storage, offset, shape, strides.clone(), offset);
        }
        long last = offset;
        try {
            for (int d = 0; d < sizes.length; d++) {
                last = Math.addExact(last, Math.multiplyExact(sizes[d] - 1, strides[d]));
            }
        } catch (ArithmeticException beyond) {
            last = Long.MAX_VALUE;
        }
        if (last >= storage.numel()) {
            throw new IllegalArgumentException(
                    "it reaches past the end of its storage, which has " + storage.numel() + " elements");
        }
        return new TorchView(storage, offset, shape, strides.clone(), last + 1);
    }

    /** Whether the elements lie in the storage in row-major order without gaps. */
    boolean isContiguous() {
        long expected = 1;
        for (int d = shape.rank() - 1; d >= 0; d--) {
            if (shape.size(d) != 1 && strides[d] != expected) {
                return shape.numel() == 0;
            }
            expected *= shape.size(d);
        }
        return true;
    }
}
