package ddpm.data;

import java.util.Arrays;

/**
 * Antialiased bilinear resizing of 8-bit planes, bit for bit as Pillow's {@code Image.resize(size, BILINEAR)}, which is
 * what torchvision's {@code Resize} does to a PIL image.
 *
 * <p>When shrinking, the triangle filter widens with the scale so that every source pixel counts. Weights are rounded
 * to 22 fractional bits; the horizontal pass runs first and is rounded to bytes before the vertical one. That order and
 * those roundings are part of the result: a network trained on other roundings sees other data.
 *
 * <p>Immutable; one instance serves any number of planes and threads.
 */
final class BilinearResize {
    /** 32 bits less 8 of the sample and 2 of headroom: a weighted sum of bytes then fits an int. */
    private static final int FRACTION_BITS = 22;

    private final Axis horizontal;
    private final Axis vertical;

    /** From {@code inHeight} x {@code inWidth} planes to {@code outHeight} x {@code outWidth} ones, all at least 1. */
    BilinearResize(int inHeight, int inWidth, int outHeight, int outWidth) {
        this.horizontal = Axis.of(inWidth, outWidth);
        this.vertical = Axis.of(inHeight, outHeight);
    }

    /** Resizes the plane at {@code source[sourceOffset..]} into {@code target[targetOffset..]}. */
    void apply(byte[] source, int sourceOffset, byte[] target, int targetOffset) {
        if (horizontal.isIdentity()) {
            resizeColumns(source, sourceOffset, target, targetOffset);
            return;
        }
        if (vertical.isIdentity()) {
            resizeRows(source, sourceOffset, target, targetOffset);
            return;
        }
        byte[] between = new byte[vertical.in * horizontal.out];
        resizeRows(source, sourceOffset, between, 0);
        resizeColumns(between, 0, target, targetOffset);
    }

    private void resizeRows(byte[] source, int sourceOffset, byte[] target, int targetOffset) {
        for (int y = 0; y < vertical.in; y++) {
            int row = sourceOffset + y * horizontal.in;
            for (int x = 0; x < horizontal.out; x++) {
                int first = row + horizontal.first[x];
                int[] weights = horizontal.weights[x];
                int sum = 1 << (FRACTION_BITS - 1);
                for (int k = 0; k < weights.length; k++) {
                    sum += (source[first + k] & 0xff) * weights[k];
                }
                target[targetOffset + y * horizontal.out + x] = toByte(sum);
            }
        }
    }

    private void resizeColumns(byte[] source, int sourceOffset, byte[] target, int targetOffset) {
        int width = horizontal.out;
        if (vertical.isIdentity()) {
            System.arraycopy(source, sourceOffset, target, targetOffset, vertical.in * width);
            return;
        }
        int[] sums = new int[width];
        for (int y = 0; y < vertical.out; y++) {
            Arrays.fill(sums, 1 << (FRACTION_BITS - 1));
            int[] weights = vertical.weights[y];
            for (int k = 0; k < weights.length; k++) {
                int row = sourceOffset + (vertical.first[y] + k) * width;
                for (int x = 0; x < width; x++) {
                    sums[x] += (source[row + x] & 0xff) * weights[k];
                }
            }
            for (int x = 0; x < width; x++) {
                target[targetOffset + y * width + x] = toByte(sums[x]);
            }
        }
    }

    private static byte toByte(int sum) {
        return (byte) Math.clamp(sum >> FRACTION_BITS, 0, 255);
    }

    /** One direction: for each output position the first source position it draws from, and the weights from there. */
    private record Axis(int in, int out, int[] first, int[][] weights) {
        static Axis of(int in, int out) {
            double scale = (double) in / out;
            double reach = Math.max(scale, 1); // half the filter's width, in source pixels
            int[] first = new int[out];
            int[][] weights = new int[out][];
            for (int i = 0; i < out; i++) {
                double centre = (i + 0.5) * scale;
                first[i] = Math.max(0, (int) (centre - reach + 0.5));
                int end = Math.min(in, (int) (centre + reach + 0.5));
                weights[i] = weights(first[i], end - first[i], centre, reach);
            }
            return new Axis(in, out, first, weights);
        }

        private static int[] weights(int first, int count, double centre, double reach) {
            double perPixel = 1 / reach;
            double[] triangle = new double[count];
            double total = 0;
            for (int k = 0; k < count; k++) {
                triangle[k] = Math.max(0, 1 - Math.abs((k + first - centre + 0.5) * perPixel));
                total += triangle[k];
            }
            int[] fixed = new int[count];
            for (int k = 0; k < count; k++) {
                fixed[k] = (int) (0.5 + triangle[k] / total * (1 << FRACTION_BITS));
            }
            return fixed;
        }

        boolean isIdentity() {
            return in == out;
        }
    }
}
