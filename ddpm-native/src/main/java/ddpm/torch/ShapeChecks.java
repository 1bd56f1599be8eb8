package ddpm.torch;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

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

    /**
     * How a convolution's kernel goes over an image.
     *
     * @param stride pixels from one place to the next, both ways
     * @param rows of zeros above and below
     * @param columns of zeros on the left and on the right
     */
    record Window(int stride, int rows, int columns) {
        /** With as many zeros on all four sides. */
        static Window of(int stride, int padding) {
            return new Window(stride, padding, padding);
        }
    }

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
    static void conv2d(Shape x, Shape w, Shape bias, Window window, int groups) {
        if (groups == 1) {
            conv2d(x, w, bias, window);
            return;
        }
        if (groups < 1 || x.rank() == 4 && x.size(1) % groups != 0 || w.rank() == 4 && w.size(0) % groups != 0) {
            throw new IllegalArgumentException("conv2d: " + groups + " groups of input " + x
                    + " under a weight of shape " + w + ": they must divide the channels of both input and output");
        }
        if (w.rank() == 4 && x.rank() == 4 && w.size(1) != x.size(1) / groups) {
            throw new IllegalArgumentException("conv2d: each of " + groups + " groups has " + x.size(1) / groups
                    + " channels of input " + x + ", but the weight is " + w + " ([out, in / groups, height, width])");
        }
        conv2d(x.rank() == 4 && w.rank() == 4 ? x.with(1, w.size(1)) : x, w, bias, window);
    }

    /** @param bias or null */
    private static void conv2d(Shape x, Shape w, Shape bias, Window window) {
        var in = images("conv2d", x);
        if (w.rank() != 4 || w.size(1) != in.size(1)) {
            throw new IllegalArgumentException("conv2d: input " + in + " has " + in.size(1)
                    + " channels, but the weight is " + w + " ([out, in, height, width])");
        }
        if (bias != null && !bias.equals(Shape.of(w.size(0)))) {
            throw new IllegalArgumentException("conv2d: bias " + bias + " for a weight of shape " + w);
        }
        Shape.of(
                in.size(0),
                w.size(0),
                places(in, w, 2, window.stride(), window.rows()),
                places(in, w, 3, window.stride(), window.columns()));
    }

    /** At how many places along a dimension the kernel fits. */
    private static long places(Shape in, Shape w, int dimension, int stride, int padding) {
        window("conv2d", w, stride, padding);
        long padded = in.size(dimension) + 2L * padding;
        fits("conv2d", "an image with padding of size", padded);
        if (padded < w.size(dimension)) {
            throw new IllegalArgumentException("conv2d: input " + in + " is smaller than the kernel of " + w
                    + " at padding " + padding + ", stride " + stride);
        }
        return (padded - w.size(dimension)) / stride + 1;
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

    static void unshuffle(Shape x, int factor) {
        var in = images("pixelUnshuffle", x);
        if (factor < 1 || in.numel() == 0 || in.size(2) % factor != 0 || in.size(3) % factor != 0) {
            throw new IllegalArgumentException("pixelUnshuffle: squares of " + factor + " pixels on " + in
                    + ": a factor of at least 1 that divides height and width is needed");
        }
        Shape.of(in.size(0), in.size(1) * factor * factor, in.size(2) / factor, in.size(3) / factor);
    }

    static void shuffle(Shape x, int factor) {
        var in = images("pixelShuffle", x);
        if (factor < 1 || in.numel() == 0 || in.size(1) % ((long) factor * factor) != 0) {
            throw new IllegalArgumentException("pixelShuffle: squares of " + factor + " pixels of " + in
                    + ": a factor of at least 1 whose square divides the channels is needed");
        }
        Shape.of(in.size(0), in.size(1) / factor / factor, in.size(2) * factor, in.size(3) * factor);
    }

    static void resize(String op, Shape x, int height, int width) {
        var in = images(op, x);
        if (height < 1 || width < 1 || in.numel() == 0) {
            throw new IllegalArgumentException(op + ": " + in + " to " + height + " by " + width);
        }
        fits(op, "images of size", Math.max(Math.max(in.size(2), in.size(3)), Math.max(height, width)));
        Shape.of(in.size(0), in.size(1), height, width);
    }

    /** @param weight and {@code bias}: or null */
    static void layerNorm(Shape x, Shape normalized, Shape weight, Shape bias) {
        int rank = normalized.rank();
        boolean fits = rank > 0 && rank <= x.rank();
        for (int i = 1; fits && i <= rank; i++) {
            fits = x.size(-i) == normalized.size(-i);
        }
        if (!fits || weight != null && !weight.equals(normalized) || bias != null && !bias.equals(normalized)) {
            throw new IllegalArgumentException("layerNorm of " + x + " over " + normalized + " with weight " + weight
                    + ", bias " + bias + ": the last dimensions, the weight and the bias must have that shape");
        }
    }

    /** Every letter has one size, and every term as many letters as its tensor dimensions. */
    static void einsum(String equation, Shape... shapes) {
        var plain = equation.replace(" ", "");
        int arrow = plain.indexOf("->");
        var terms = (arrow < 0 ? plain : plain.substring(0, arrow)).split(",", -1);
        var result = arrow < 0 ? "" : plain.substring(arrow + 2);
        boolean valid = terms.length == shapes.length && isTerm(result);
        var sizes = new HashMap<Character, Long>();
        for (int i = 0; valid && i < terms.length; i++) {
            valid = isTerm(terms[i]) && addSizes(terms[i], shapes[i], sizes);
        }
        for (char letter : result.replace(".", "").toCharArray()) {
            valid &= sizes.containsKey(letter) && result.indexOf(letter) == result.lastIndexOf(letter);
        }
        if (!valid) {
            throw new IllegalArgumentException(
                    "einsum '" + equation + "' of " + Arrays.toString(shapes)
                            + ": a term for each tensor and a letter for each dimension are needed, with one size for each letter");
        }
    }

    private static boolean isTerm(String text) {
        return text.matches("[a-zA-Z]*(\\.\\.\\.)?[a-zA-Z]*");
    }

    private static boolean addSizes(String term, Shape shape, Map<Character, Long> sizes) {
        int dots = term.indexOf("...");
        int letters = dots < 0 ? term.length() : term.length() - 3;
        if (dots < 0 ? letters != shape.rank() : letters > shape.rank()) {
            return false;
        }
        for (int i = 0; i < letters; i++) {
            boolean before = dots < 0 || i < dots;
            long size = before ? shape.size(i) : shape.size(i - letters);
            long known = sizes.merge(term.charAt(before ? i : i + 3), size, (a, b) -> a == 1 ? b : a);
            if (known != size && size != 1) {
                return false;
            }
        }
        return true;
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
