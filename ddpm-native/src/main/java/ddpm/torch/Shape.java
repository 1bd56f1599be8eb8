package ddpm.torch;

import java.util.Arrays;
import java.util.stream.Collectors;

/** Sizes of a tensor's dimensions, outermost first, e.g. {@code [B, C, H, W]}. Immutable; a scalar has rank 0. */
public final class Shape {
    private final long[] sizes;

    private Shape(long[] sizes) {
        this.sizes = sizes;
    }

    /**
     * @throws IllegalArgumentException for a negative size or a product that overflows 63 bits; sizes of 0 count as 1 in
     *     it, so that strides do not overflow either
     */
    public static Shape of(long... sizes) {
        var copy = sizes.clone();
        long product = 1;
        for (long size : copy) {
            if (size < 0) {
                throw new IllegalArgumentException("a shape has no negative sizes: " + Arrays.toString(copy));
            }
            try {
                product = Math.multiplyExact(product, Math.max(1, size));
            } catch (ArithmeticException overflow) {
                throw new IllegalArgumentException("shape " + Arrays.toString(copy) + " has more elements than 2^63");
            }
        }
        return new Shape(copy);
    }

    public int rank() {
        return sizes.length;
    }

    /** The size of dimension {@code i}; negative counts from the end, so {@code -1} is the innermost. */
    public long size(int i) {
        int at = i < 0 ? i + sizes.length : i;
        if (at < 0 || at >= sizes.length) {
            throw new IndexOutOfBoundsException("dimension " + i + " of shape " + this);
        }
        return sizes[at];
    }

    /** The number of elements: the product of all sizes, 1 for a scalar. */
    public long numel() {
        long product = 1;
        for (long size : sizes) {
            product *= size;
        }
        return product;
    }

    public long[] toArray() {
        return sizes.clone();
    }

    /** This shape with dimension {@code i} (negative counts from the end) set to {@code size}. */
    public Shape with(int i, long size) {
        size(i); // range check
        var copy = sizes.clone();
        copy[i < 0 ? i + copy.length : i] = size;
        return of(copy);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape that && Arrays.equals(sizes, that.sizes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(sizes);
    }

    /** {@code [16, 3, 32, 32]}. */
    @Override
    public String toString() {
        return Arrays.stream(sizes).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
    }
}
