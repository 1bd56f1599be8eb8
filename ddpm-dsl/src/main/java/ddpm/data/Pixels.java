package ddpm.data;

import ddpm.data.format.BadImageException;
import ddpm.data.format.Orientation;

/**
 * One decoded image as planes of unsigned bytes.
 *
 * @param channels 1 (grey) or 3 (red, green, blue)
 * @param height rows
 * @param width columns
 * @param data {@code channels * height * width} bytes, [C, H, W]; not copied
 */
record Pixels(int channels, int height, int width, byte[] data) {
    /** ITU-R 601 luma in 16-bit fixed point, as Pillow's {@code convert("L")}; arguments 0 to 255. */
    static int luma(int red, int green, int blue) {
        return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
    }

    /** This image in 1 channel (luma) or 3 (grey repeated). */
    Pixels toChannels(int wanted) {
        if (wanted == channels) {
            return this;
        }
        int plane = height * width;
        byte[] converted = new byte[wanted * plane];
        if (wanted == 1) {
            for (int i = 0; i < plane; i++) {
                converted[i] = (byte) luma(data[i] & 0xff, data[plane + i] & 0xff, data[2 * plane + i] & 0xff);
            }
        } else {
            for (int c = 0; c < wanted; c++) {
                System.arraycopy(data, 0, converted, c * plane, plane);
            }
        }
        return new Pixels(wanted, height, width, converted);
    }

    /** Turned from how it is stored to how it was seen. */
    Pixels upright(Orientation turned) {
        return new Pixels(
                channels,
                turned.isTransposed() ? width : height,
                turned.isTransposed() ? height : width,
                turned.upright(data, channels, height, width));
    }

    /** Resized to exactly {@code newHeight} x {@code newWidth}; see {@link BilinearResize}. */
    Pixels resize(int newHeight, int newWidth) {
        if (newHeight == height && newWidth == width) {
            return this;
        }
        byte[] resized = new byte[channels * newHeight * newWidth];
        var resize = new BilinearResize(height, width, newHeight, newWidth);
        for (int c = 0; c < channels; c++) {
            resize.apply(data, c * height * width, resized, c * newHeight * newWidth);
        }
        return new Pixels(channels, newHeight, newWidth, resized);
    }

    /**
     * Resized, keeping its proportions, to the smallest image that covers {@code minHeight} x {@code minWidth}. For a
     * square this is torchvision's {@code Resize(side)}: the short side fits and the long one is rounded down.
     *
     * @param maxPixels the largest height times width to produce
     * @throws BadImageException if the image is so long and thin that more pixels would be needed
     */
    Pixels cover(int minHeight, int minWidth, long maxPixels) throws BadImageException {
        boolean widthDecides = (long) minWidth * height >= (long) minHeight * width;
        long newHeight = widthDecides ? (long) height * minWidth / width : minHeight;
        long newWidth = widthDecides ? minWidth : (long) width * minHeight / height;
        if (newHeight * newWidth > maxPixels) {
            throw new BadImageException("is " + width + " pixels wide and " + height + " high: to cover " + minWidth
                    + " x "
                    + minHeight + " it would become " + newWidth + " x " + newHeight + ", and the limit is " + maxPixels
                    + " pixels");
        }
        return resize((int) newHeight, (int) newWidth);
    }

    /** Copies the {@code rows} x {@code columns} window at ({@code top}, {@code left}) to [C, rows, columns]. */
    void copyWindow(int top, int left, int rows, int columns, byte[] target, int offset) {
        for (int c = 0; c < channels; c++) {
            for (int y = 0; y < rows; y++) {
                int from = (c * height + top + y) * width + left;
                System.arraycopy(data, from, target, offset + (c * rows + y) * columns, columns);
            }
        }
    }

    /** The window in the middle; an odd remainder is split as torchvision's {@code CenterCrop} does (half to even). */
    Pixels centreCrop(int rows, int columns) {
        if (rows == height && columns == width) {
            return this;
        }
        byte[] cropped = new byte[channels * rows * columns];
        copyWindow(middle(height - rows), middle(width - columns), rows, columns, cropped, 0);
        return new Pixels(channels, rows, columns, cropped);
    }

    static int middle(int room) {
        return (int) Math.rint(room / 2.0);
    }

    /** Reverses each of the {@code rows} rows of {@code columns} bytes that start at {@code offset}, in place. */
    static void flip(byte[] data, int offset, int rows, int columns) {
        for (int y = 0; y < rows; y++) {
            for (int left = offset + y * columns, right = left + columns - 1; left < right; left++, right--) {
                byte swap = data[left];
                data[left] = data[right];
                data[right] = swap;
            }
        }
    }
}
