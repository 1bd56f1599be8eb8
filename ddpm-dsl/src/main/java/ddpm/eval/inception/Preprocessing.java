package ddpm.eval.inception;

import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/**
 * The way images become the network's input of 299 x 299 pixels. Two are in use; their features differ by a tenth of what
 * images differ by, so numbers of one must not be compared with numbers of the other.
 */
public enum Preprocessing {
    /** TensorFlow 1's bilinear resizing, whose pixels have no centres, then (x - 128) / 128: Ho et al., TTUR, torch-fidelity. */
    TENSORFLOW {
        @Override
        double source(int target, double scale) {
            return target * scale;
        }

        @Override
        float normalised(double level) {
            return (float) ((level - 128) / 128);
        }
    },
    /** PyTorch's bilinear resizing, then 2 x / 255 - 1: pytorch-fid. */
    PYTORCH_FID {
        @Override
        double source(int target, double scale) {
            return Math.max(0, (target + 0.5) * scale - 0.5);
        }

        @Override
        float normalised(double level) {
            return (float) (2 * (level / 255) - 1);
        }
    };

    /** Height and width of the input. */
    public static final int SIZE = 299;

    abstract double source(int target, double scale);

    abstract float normalised(double level);

    /**
     * Resizes and normalises images.
     *
     * @param levels {@code [B, C, H, W]} bytes row-major, C 1 or 3; grey is repeated to three channels
     * @return {@code [B, 3, 299, 299]} float32 in the current scope
     */
    public Tensor apply(byte[] levels, int batch, int channels, int height, int width) {
        if (channels != 1 && channels != 3 || levels.length != batch * channels * height * width) {
            throw new IllegalArgumentException(levels.length + " levels for " + batch + " images of " + channels
                    + " channels (1 or 3) of " + height + " x " + width);
        }
        var rows = new Axis(height);
        var columns = new Axis(width);
        int plane = SIZE * SIZE;
        var values = new float[batch * 3 * plane];
        for (int p = 0; p < batch * channels; p++) {
            int to = (p / channels * 3 + p % channels) * plane;
            resize(levels, p * height * width, width, rows, columns, values, to);
            if (channels == 1) {
                System.arraycopy(values, to, values, to + plane, plane);
                System.arraycopy(values, to, values, to + 2 * plane, plane);
            }
        }
        return Tensor.of(values, Shape.of(batch, 3, SIZE, SIZE));
    }

    /** For each target pixel along one axis the two source pixels and the weight of the second. */
    private final class Axis {
        private final int[] low = new int[SIZE];
        private final int[] high = new int[SIZE];
        private final double[] weight = new double[SIZE];

        Axis(int size) {
            for (int i = 0; i < SIZE; i++) {
                double at = source(i, (double) size / SIZE);
                low[i] = Math.min((int) at, size - 1);
                high[i] = Math.min(low[i] + 1, size - 1);
                weight[i] = at - low[i];
            }
        }
    }

    private void resize(byte[] levels, int from, int width, Axis rows, Axis columns, float[] values, int to) {
        for (int y = 0; y < SIZE; y++) {
            int upper = from + rows.low[y] * width;
            int lower = from + rows.high[y] * width;
            for (int x = 0; x < SIZE; x++) {
                double w = columns.weight[x];
                double top = mix(levels[upper + columns.low[x]], levels[upper + columns.high[x]], w);
                double bottom = mix(levels[lower + columns.low[x]], levels[lower + columns.high[x]], w);
                values[to + y * SIZE + x] = normalised(top + (bottom - top) * rows.weight[y]);
            }
        }
    }

    private static double mix(byte a, byte b, double weight) {
        int first = a & 0xff;
        return first + ((b & 0xff) - first) * weight;
    }
}
