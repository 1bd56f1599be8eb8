package ddpm.image;

import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * The 256 colours of a GIF frame, by median cut (Heckbert 1982): the box of colours that spreads most is split at its
 * median until there are 256, and each stands for its mean. A picture with no more than 256 colours keeps them exactly.
 * The JDK's own palette leaves broad bands on photographs.
 */
final class Palette {
    private static final int COLORS = 256;

    /** Colours {@code from..to-1} of the array, their longest side being that of {@code shift} bits. */
    private record Box(int from, int to, int shift, long spread) {}

    private Palette() {}

    /** An RGB picture with an index for each pixel. */
    static BufferedImage indexed(Picture rgb) {
        int width = rgb.width();
        var pixels = new int[width * rgb.height()];
        for (int i = 0; i < pixels.length; i++) {
            int x = i % width;
            int y = i / width;
            pixels[i] = rgb.level(x, y, 0) << 16 | rgb.level(x, y, 1) << 8 | rgb.level(x, y, 2);
        }
        var sorted = pixels.clone();
        Arrays.sort(sorted); // by colour, for binary search below
        var colors = sorted.clone(); // one entry per pixel, so that frequent colours weigh more
        var boxes = cut(colors);
        var palette = new int[boxes.length];
        var indexOf = new byte[sorted.length]; // by place in sorted
        for (int i = 0; i < boxes.length; i++) {
            palette[i] = mean(colors, boxes[i]);
            for (int k = boxes[i].from(); k < boxes[i].to(); k++) {
                indexOf[first(sorted, colors[k])] = (byte) i;
            }
        }
        var model = new IndexColorModel(8, palette.length, palette, 0, false, -1, DataBuffer.TYPE_BYTE);
        var image = new BufferedImage(width, rgb.height(), BufferedImage.TYPE_BYTE_INDEXED, model);
        var indices = new byte[pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            indices[i] = indexOf[first(sorted, pixels[i])];
        }
        image.getRaster().setDataElements(0, 0, width, rgb.height(), indices);
        return image;
    }

    private static Box[] cut(int[] colors) {
        var boxes = new PriorityQueue<>(Comparator.comparingLong(Box::spread).reversed());
        boxes.add(box(colors, 0, colors.length));
        while (boxes.size() < COLORS && boxes.peek().spread() > 0) {
            var widest = boxes.remove();
            sortBySide(colors, widest);
            int middle = split(colors, widest);
            boxes.add(box(colors, widest.from(), middle));
            boxes.add(box(colors, middle, widest.to()));
        }
        return boxes.toArray(Box[]::new);
    }

    /** The spread is the longest side times the number of pixels; 0 for a single colour. */
    private static Box box(int[] colors, int from, int to) {
        int widest = 0;
        int range = -1;
        for (int shift = 0; shift <= 16; shift += 8) {
            int low = 255;
            int high = 0;
            for (int i = from; i < to; i++) {
                int level = colors[i] >> shift & 255;
                low = Math.min(low, level);
                high = Math.max(high, level);
            }
            if (high - low > range) {
                range = high - low;
                widest = shift;
            }
        }
        return new Box(from, to, widest, (long) range * (to - from));
    }

    /** Sorts by the box's longest side first: its byte is turned to the top, and turned back. */
    private static void sortBySide(int[] colors, Box box) {
        for (int i = box.from(); i < box.to(); i++) {
            colors[i] = turn(colors[i], box.shift());
        }
        Arrays.sort(colors, box.from(), box.to());
        for (int i = box.from(); i < box.to(); i++) {
            colors[i] = turn(colors[i], box.shift());
        }
    }

    /** Exchanges the byte at {@code shift} with the highest of the three. */
    private static int turn(int rgb, int shift) {
        int difference = (rgb >> 16 ^ rgb >> shift) & 255;
        return shift == 16 ? rgb : rgb ^ difference << 16 ^ difference << shift;
    }

    /** The change of colour nearest to the median, so that no colour lies in two boxes. */
    private static int split(int[] colors, Box box) {
        int median = (box.from() + box.to()) >>> 1;
        for (int away = 0; ; away++) {
            int down = median - away;
            if (down > box.from() && colors[down] != colors[down - 1]) {
                return down;
            }
            int up = median + away;
            if (up < box.to() && up > box.from() && colors[up] != colors[up - 1]) {
                return up;
            }
        }
    }

    private static int mean(int[] colors, Box box) {
        int mean = 0;
        int count = box.to() - box.from();
        for (int shift = 0; shift <= 16; shift += 8) {
            long sum = 0;
            for (int i = box.from(); i < box.to(); i++) {
                sum += colors[i] >> shift & 255;
            }
            mean |= (int) ((sum + count / 2) / count) << shift;
        }
        return mean;
    }

    /** The first place of a colour that is in the array: one place for all pixels of that colour. */
    private static int first(int[] sorted, int color) {
        int low = 0;
        int high = sorted.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sorted[middle] < color) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
