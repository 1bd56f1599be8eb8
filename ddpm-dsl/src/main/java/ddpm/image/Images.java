package ddpm.image;

import ddpm.torch.Shape;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * A batch of images as a model makes them, float32 in [-1, 1], layout [B, C, H, W], on its way to files. Values outside
 * the range are clipped, see {@link Pixel#level}. Immutable.
 *
 * <p>C is 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGBA).
 */
public final class Images {
    private final int count;
    private final int channels;
    private final int height;
    private final int width;
    /** Levels in the layout of files: image by image, row by row, the channels of a pixel side by side. */
    private final byte[] levels;

    private Images(int count, int channels, int height, int width, byte[] levels) {
        this.count = count;
        this.channels = channels;
        this.height = height;
        this.width = width;
        this.levels = levels;
    }

    /**
     * @param values row-major, {@code shape.numel()} of them
     * @param shape [B, C, H, W], every size at least 1
     * @throws IllegalArgumentException if the shape is no batch of images, the lengths differ, or values are not finite;
     *     the message then says how many, and where the first is
     */
    public static Images of(float[] values, Shape shape) {
        if (shape.rank() != 4 || shape.numel() == 0 || shape.size(1) > 4) {
            throw new IllegalArgumentException(
                    "images have shape [B, C, H, W] with B, H, W >= 1 and C in 1..4, not " + shape);
        }
        if (values.length != shape.numel()) {
            throw new IllegalArgumentException(
                    values.length + " values for images of shape " + shape + ", which has " + shape.numel());
        }
        checkFinite(values, shape);
        int count = (int) shape.size(0);
        int channels = (int) shape.size(1);
        int plane = (int) (shape.size(2) * shape.size(3));
        var levels = new byte[values.length];
        for (int image = 0; image < count; image++) {
            for (int channel = 0; channel < channels; channel++) {
                int from = (image * channels + channel) * plane;
                for (int at = 0; at < plane; at++) {
                    levels[(image * plane + at) * channels + channel] = (byte) Pixel.level(values[from + at]);
                }
            }
        }
        return new Images(count, channels, (int) shape.size(2), (int) shape.size(3), levels);
    }

    /**
     * Batches one after another as one.
     *
     * @param parts at least one, all of one channel count, height and width
     * @throws IllegalArgumentException if they differ, or would have more than 2^31 bytes together
     */
    public static Images joined(List<Images> parts) {
        var first = parts.getFirst();
        long bytes = 0;
        int count = 0;
        for (var part : parts) {
            if (part.channels != first.channels || part.height != first.height || part.width != first.width) {
                throw new IllegalArgumentException("images of [C, H, W] = [" + part.channels + ", " + part.height + ", "
                        + part.width + "] cannot join images of [" + first.channels + ", " + first.height + ", "
                        + first.width + "]");
            }
            bytes += part.levels.length;
            count += part.count;
        }
        if (bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(bytes + " bytes of images are more than 2^31; join fewer");
        }
        var levels = ByteBuffer.allocate((int) bytes);
        parts.forEach(part -> levels.put(part.levels));
        return new Images(count, first.channels, first.height, first.width, levels.array());
    }

    /**
     * Image 0 of every batch, then image 1 of every batch: in a grid with a column per batch, each image has a row.
     *
     * @param columns at least one, all of one count and shape
     * @throws IllegalArgumentException if they differ
     */
    public static Images interleaved(List<Images> columns) {
        var images = new ArrayList<Images>();
        for (int image = 0; image < columns.getFirst().count; image++) {
            for (var column : columns) {
                if (column.count != columns.getFirst().count) {
                    throw new IllegalArgumentException(
                            column.count + " images beside " + columns.getFirst().count + " in a row of columns");
                }
                images.add(column.only(image));
            }
        }
        return joined(images);
    }

    /** The number of images, B. */
    public int count() {
        return count;
    }

    /** All levels, {@code [B, H, W, C]} row-major, as files have them. */
    public byte[] levels() {
        return levels.clone();
    }

    /** Image {@code i}, 0 &lt;= i &lt; count(), as a batch of one. */
    public Images only(int i) {
        Objects.checkIndex(i, count);
        int size = height * width * channels;
        return new Images(1, channels, height, width, Arrays.copyOfRange(levels, i * size, (i + 1) * size));
    }

    /** Image {@code i}, 0 &lt;= i &lt; count(), alone and without a border. */
    public Picture picture(int i) {
        return new Picture(width, height, channels, only(i).levels);
    }

    /** All images in a grid that is as nearly square as it can be; any number of them. */
    public Picture grid() {
        return grid(GridLayout.square(count));
    }

    /** All images side by side. */
    public Picture strip() {
        return grid(GridLayout.ofColumns(count));
    }

    /**
     * All images in a grid.
     *
     * @throws IllegalArgumentException if the picture would have more than 2^31 bytes
     */
    public Picture grid(GridLayout layout) {
        int padding = layout.padding();
        int columns = layout.columns();
        int rows = Math.ceilDiv(count, columns);
        long gridWidth = (long) columns * ((long) width + padding) + padding;
        long gridHeight = (long) rows * ((long) height + padding) + padding;
        var grid = Picture.filled(gridWidth, gridHeight, channels, layout.background());
        for (int image = 0; image < count; image++) {
            int left = padding + image % columns * (width + padding);
            int top = padding + image / columns * (height + padding);
            for (int row = 0; row < height; row++) {
                int from = (image * height + row) * width * channels;
                grid.setRow(left, top + row, levels, from, width);
            }
        }
        return grid;
    }

    private static void checkFinite(float[] values, Shape shape) {
        int bad = 0;
        int first = -1;
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                bad++;
                first = first < 0 ? i : first;
            }
        }
        if (bad > 0) {
            throw new IllegalArgumentException(bad + " of " + values.length
                    + " values are not finite and cannot be shown as images; the first is " + values[first]
                    + " in image "
                    + first / (values.length / shape.size(0)));
        }
    }
}
