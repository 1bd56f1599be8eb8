package ddpm.image;

import ddpm.io.WholeFile;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/** One picture of 8 bits a channel, ready to be written as PNG. Immutable once handed out. */
public final class Picture {
    private final int width;
    private final int height;
    private final int channels;
    /** Rows from the top, the channels of a pixel side by side. */
    private final byte[] levels;

    Picture(int width, int height, int channels, byte[] levels) {
        this.width = width;
        this.height = height;
        this.channels = channels;
        this.levels = levels;
    }

    /** All of one level, or transparent black if there is an alpha channel. */
    static Picture filled(long width, long height, int channels, int level) {
        // Both sides fit an int once their product does; each is checked first so that the product cannot overflow.
        if (width > Integer.MAX_VALUE || height > Integer.MAX_VALUE || width * height > Integer.MAX_VALUE / channels) {
            throw new IllegalArgumentException("a picture of " + width + " x " + height + " pixels with " + channels
                    + " channels is larger than 2^31 bytes; use fewer images, less padding or a smaller scale");
        }
        var levels = new byte[(int) (width * height * channels)];
        if (channels % 2 == 1) {
            Arrays.fill(levels, (byte) level);
        }
        return new Picture((int) width, (int) height, channels, levels);
    }

    /** Copies {@code pixels} pixels to (left, top) and to the right of it; for use before the picture is handed out. */
    void setRow(int left, int top, byte[] from, int fromIndex, int pixels) {
        System.arraycopy(from, fromIndex, levels, (top * width + left) * channels, pixels * channels);
    }

    /** In pixels. */
    public int width() {
        return width;
    }

    /** In pixels. */
    public int height() {
        return height;
    }

    /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
    public int channels() {
        return channels;
    }

    /** The level 0..255 of one channel of the pixel {@code x} to the right and {@code y} down. */
    public int level(int x, int y, int channel) {
        if (x < 0 || x >= width || y < 0 || y >= height || channel < 0 || channel >= channels) {
            throw new IndexOutOfBoundsException("pixel (" + x + ", " + y + "), channel " + channel + " of a picture of "
                    + width + " x " + height + " with " + channels + " channels");
        }
        return Byte.toUnsignedInt(levels[(y * width + x) * channels + channel]);
    }

    /**
     * Every pixel as a square of {@code factor} x {@code factor}: small images grow without blur.
     *
     * @throws IllegalArgumentException if factor is below 1 or the picture would have more than 2^31 bytes
     */
    public Picture enlarged(int factor) {
        if (factor < 1) {
            throw new IllegalArgumentException("a picture is enlarged by a whole factor of at least 1, not " + factor);
        }
        if (factor == 1) {
            return this;
        }
        var large = filled((long) width * factor, (long) height * factor, channels, 0);
        var row = new byte[width * factor * channels];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width * factor; x++) {
                System.arraycopy(levels, (y * width + x / factor) * channels, row, x * channels, channels);
            }
            for (int copy = 0; copy < factor; copy++) {
                large.setRow(0, y * factor + copy, row, 0, large.width);
            }
        }
        return large;
    }

    /** Enlarged by the smallest whole factor that brings the longer side to {@code pixels}: 512 suits a screen. */
    public Picture enlargedToAtLeast(int pixels) {
        return enlarged(Math.max(1, Math.ceilDiv(pixels, Math.max(width, height))));
    }

    /** {@link #write(Path, Map)} without text. */
    public void write(Path png) throws IOException {
        write(png, Map.of());
    }

    /**
     * Writes a PNG, whole or not at all.
     *
     * @param png a name that ends in {@code .png}
     * @param text remarks stored inside the file, by keyword, such as Software, seed and steps; viewers ignore them. A
     *     keyword is 1..79 Latin-1 characters without a space at either end
     * @throws IllegalArgumentException for another name or a bad keyword
     * @throws IOException if writing fails; what was there before is untouched
     */
    public void write(Path png, Map<String, String> text) throws IOException {
        requireExtension(png, ".png");
        WholeFile.write(png, PngEncoder.encode(toBufferedImage(), text));
    }

    /** A copy for use with java.awt. */
    public BufferedImage toBufferedImage() {
        var space = ColorSpace.getInstance(channels <= 2 ? ColorSpace.CS_GRAY : ColorSpace.CS_sRGB);
        boolean alpha = channels % 2 == 0;
        var colors = new ComponentColorModel(
                space, alpha, false, alpha ? BufferedImage.TRANSLUCENT : BufferedImage.OPAQUE, DataBuffer.TYPE_BYTE);
        var raster = Raster.createInterleavedRaster(
                new DataBufferByte(levels.clone(), levels.length),
                width,
                height,
                width * channels,
                channels,
                IntStream.range(0, channels).toArray(),
                null);
        return new BufferedImage(colors, raster, false, null);
    }

    /** Refuses a name that would promise another format than the bytes have. */
    static void requireExtension(Path file, String extension) {
        if (!file.toString().toLowerCase(Locale.ROOT).endsWith(extension)) {
            throw new IllegalArgumentException(file + ": this is written as " + extension + "; end the name in it");
        }
    }
}
