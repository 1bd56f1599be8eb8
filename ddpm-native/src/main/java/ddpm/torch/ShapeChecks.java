package ddpm.torch;

/**
 * The shapes and sizes that operators on images and matrices accept, checked before libtorch sees them: some of its kernels
 * end the process, or never return, for sizes that no image has.
 */
final class ShapeChecks {
    /** The largest height or width of an image, and stride: oneDNN's kernels count in 32 bits. */
    static final int LARGEST_SIZE = 1 << 24;

    /** The largest kernel and padding: oneDNN takes seconds to make a kernel of some hundreds, and minutes beyond. */
    private static final int LARGEST_WINDOW = 512;

    /**
     * The largest stride of a transposed convolution. oneDNN's kernel takes seconds from some hundreds on, minutes from
     * some thousands, and ends the process at 65536.
     */
    private static final int LARGEST_TRANSPOSED_STRIDE = 64;

    private ShapeChecks() {}

    static Shape images(String op, Shape shape) {
        if (shape.rank() != 4) {
            throw new IllegalArgumentException(op + ": images [B, C, H, W] needed, not " + shape);
        }
        return shape;
    }

    private static void fits(String op, String what, long size) {
        atMost(LARGEST_SIZE, op, what, size);
    }

    private static void atMost(int bound, String op, String what, long size) {
        if (size > bound) {
            throw new IllegalArgumentException(op + ": " + what + " " + size + "; at most " + bound);
        }
    }

    /** @param bias or null */
    static void conv2d(Shape x, Shape w, Shape bias, int stride, int padding) {
        var in = images("conv2d", x);
        if (w.rank() != 4 || w.size(1) != in.size(1)) {
            throw new IllegalArgumentException("conv2d: input " + in + " has " + in.size(1)
                    + " channels, but the weight is " + w + " ([out, in, height, width])");
        }
        if (bias != null && !bias.equals(Shape.of(w.size(0)))) {
            throw new IllegalArgumentException("conv2d: bias " + bias + " for a weight of shape " + w);
        }
        window("conv2d", w, stride, padding);
        for (int d = 2; d <= 3; d++) {
            long padded = in.size(d) + 2L * padding;
            fits("conv2d", "an image with padding of size", padded);
            if (padded < w.size(d)) {
                throw new IllegalArgumentException("conv2d: input " + in + " is smaller than the kernel of " + w
                        + " at padding " + padding + ", stride " + stride);
            }
        }
        Shape.of(
                in.size(0),
                w.size(0),
                (in.size(2) + 2L * padding - w.size(2)) / stride + 1,
                (in.size(3) + 2L * padding - w.size(3)) / stride + 1);
    }

    private static void window(String op, Shape weight, int stride, int padding) {
        if (stride < 1 || padding < 0 || weight.size(2) < 1 || weight.size(3) < 1) {
            throw new IllegalArgumentException(op + ": a kernel of " + weight + " at padding " + padding + ", stride "
                    + stride + ": kernel and stride are at least 1, padding at least 0");
        }
        fits(op, "stride", stride);
        atMost(LARGEST_WINDOW, op, "padding", padding);
        atMost(LARGEST_WINDOW, op, "a kernel of size", Math.max(weight.size(2), weight.size(3)));
    }

    /** @param bias or null */
    static void convTranspose2d(Shape x, Shape w, Shape bias, int stride, int padding) {
        var in = images("convTranspose2d", x);
        if (w.rank() != 4 || w.size(0) != in.size(1)) {
            throw new IllegalArgumentException("convTranspose2d: input " + in + " has " + in.size(1)
                    + " channels, but the weight is " + w + " ([in, out, height, width])");
        }
        if (bias != null && !bias.equals(Shape.of(w.size(1)))) {
            throw new IllegalArgumentException("convTranspose2d: bias " + bias + " for a weight of shape " + w);
        }
        window("convTranspose2d", w, stride, padding);
        atMost(LARGEST_TRANSPOSED_STRIDE, "convTranspose2d", "stride", stride);
        var out = new long[2];
        for (int d = 2; d <= 3; d++) {
            fits("convTranspose2d", "an image of size", in.size(d));
            out[d - 2] = (in.size(d) - 1) * stride - 2L * padding + w.size(d);
            fits("convTranspose2d", "a result of size", out[d - 2] + 2L * padding);
            if (out[d - 2] < 1) {
                throw new IllegalArgumentException("convTranspose2d: nothing is left of input " + in
                        + " under a kernel of " + w + " at padding " + padding + ", stride " + stride);
            }
        }
        Shape.of(in.size(0), w.size(1), out[0], out[1]);
    }

    /** @param bias or null */
    static void linear(Shape x, Shape w, Shape bias) {
        if (w.rank() != 2 || x.rank() < 1 || x.size(-1) != w.size(1)) {
            throw new IllegalArgumentException(
                    "linear: input " + x + " against a weight of shape " + w + " ([out, in])");
        }
        if (bias != null && !bias.equals(Shape.of(w.size(0)))) {
            throw new IllegalArgumentException("linear: bias " + bias + " for a weight of shape " + w);
        }
    }

    static void pooling(String op, Shape x, int size) {
        var in = images(op, x);
        if (size < 1 || in.size(2) < size || in.size(3) < size) {
            throw new IllegalArgumentException(op + ": windows of " + size + " pixels on images of " + in);
        }
        fits(op, "images of size", Math.max(in.size(2), in.size(3)));
    }

    static void pooling(String op, Shape x, int size, int stride, int padding) {
        pooling(op, x, size);
        if (stride < 1 || padding < 0 || padding > size / 2) {
            throw new IllegalArgumentException(
                    op + ": windows of " + size + " pixels at stride " + stride + ", padding " + padding
                            + ": a stride of at least 1 and a padding of 0 to half the window are needed");
        }
        fits(op, "stride", stride);
        atMost(LARGEST_WINDOW, op, "windows of size", size);
    }

    static void upsample(Shape x, int factor) {
        var in = images("upsampleNearest2d", x);
        if (factor < 1 || in.numel() == 0) {
            throw new IllegalArgumentException("upsampleNearest2d: factor " + factor + " on " + in);
        }
        fits("upsampleNearest2d", "images of size", Math.max(in.size(2), in.size(3)));
        Shape.of(in.size(0), in.size(1), in.size(2) * factor, in.size(3) * factor);
    }

    static void pad(Shape x, int left, int right, int top, int bottom) {
        var in = images("padZeros", x);
        if (left < 0 || right < 0 || top < 0 || bottom < 0) {
            throw new IllegalArgumentException("padZeros of " + in + " by negative amounts");
        }
        Shape.of(in.size(0), in.size(1), padded(in.size(2), top, bottom), padded(in.size(3), left, right));
    }

    private static long padded(long size, int before, int after) {
        fits("padZeros", "images of size", size);
        return size + before + after;
    }

    static void groupNorm(Shape in, int groups, Shape weight, Shape bias) {
        if (in.rank() < 2 || groups < 1 || in.size(1) % groups != 0) {
            throw new IllegalArgumentException("groupNorm: " + groups + " groups do not divide the channels of " + in);
        }
        var channels = Shape.of(in.size(1));
        if (!weight.equals(channels) || !bias.equals(channels)) {
            throw new IllegalArgumentException(
                    "groupNorm: weight " + weight + " and bias " + bias + " for input " + in);
        }
    }
}
