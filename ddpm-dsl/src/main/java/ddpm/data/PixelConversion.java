package ddpm.data;

import ddpm.data.format.BadImageException;
import ddpm.data.format.ColourProfile;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorConvertOp;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/**
 * From what ImageIO decodes, of any colour type and depth, to bytes as a viewer shows them.
 *
 * <p>Java calls grey images linear and would brighten them on the way to sRGB, so grey samples and samples that are
 * sRGB already are taken as they are stored; only images with another colour profile go through a conversion.
 */
final class PixelConversion {
    /** Converted at one time. */
    private static final int ROWS = 64;

    private final Background background;

    PixelConversion(Background background) {
        this.background = background;
    }

    /** Grey images as 1 channel, others as 3; transparency is composited on the background. */
    Pixels of(BufferedImage image) throws BadImageException {
        ColorModel model = image.getColorModel();
        if (model instanceof IndexColorModel palette) {
            return ofPalette(image.getRaster(), palette);
        }
        if (model.getTransferType() == DataBuffer.TYPE_FLOAT || model.getTransferType() == DataBuffer.TYPE_DOUBLE) {
            throw new BadImageException(
                    "has samples that are fractions, without a brightest one; store it with 8 or 16 bits");
        }
        // Packed pixels (BMP's 5-6-5, integers) are scaled by getRGB.
        boolean stored = model instanceof ComponentColorModel && isTakenAsStored(model.getColorSpace());
        return stored ? ofComponents(image.getRaster(), model) : ofRgb(image);
    }

    /** Java's own grey is meant linear, but no file says so; a file's grey profile is one of ICC's. */
    private static boolean isTakenAsStored(ColorSpace space) {
        return space == ColorSpace.getInstance(ColorSpace.CS_GRAY) || ColourProfile.isSrgb(space);
    }

    private static BufferedImage toSrgb(BufferedImage image) {
        int type = image.getColorModel().hasAlpha() ? BufferedImage.TYPE_INT_ARGB : BufferedImage.TYPE_INT_RGB;
        return new ColorConvertOp(null).filter(image, new BufferedImage(image.getWidth(), image.getHeight(), type));
    }

    private Pixels ofPalette(Raster raster, IndexColorModel palette) {
        int[] colours = new int[palette.getMapSize()];
        palette.getRGBs(colours);
        int[] row = new int[raster.getWidth()];
        var out = new Planes(raster, 3);
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getSamples(0, y, row.length, 1, 0, row);
            for (int x = 0; x < row.length; x++) {
                out.addArgb(colours[row[x]]);
            }
        }
        return out.pixels();
    }

    /** Converts by way of sRGB, some rows at a time, so that no second image is held. */
    private Pixels ofRgb(BufferedImage image) {
        var model = image.getColorModel();
        boolean grey = model.getColorSpace().getType() == ColorSpace.TYPE_GRAY;
        boolean clear = !model.hasAlpha();
        int[] row = new int[image.getWidth()];
        var out = new Planes(image.getRaster(), grey && (clear || background.isGrey()) ? 1 : 3);
        for (int top = 0; top < image.getHeight(); top += ROWS) {
            var rows = image.getSubimage(0, top, row.length, Math.min(ROWS, image.getHeight() - top));
            var srgb = model.getColorSpace().isCS_sRGB() ? rows : toSrgb(rows);
            for (int y = 0; y < srgb.getHeight(); y++) {
                srgb.getRGB(0, y, row.length, 1, row, 0, row.length);
                for (int argb : row) {
                    out.addArgb(argb);
                }
            }
        }
        return out.pixels();
    }

    private Pixels ofComponents(Raster raster, ColorModel model) {
        int colours = model.getNumColorComponents();
        int bands = raster.getNumBands();
        boolean alpha = model.hasAlpha();
        int[] max = new int[bands];
        for (int b = 0; b < bands; b++) {
            max[b] = (1 << model.getComponentSize(b)) - 1;
        }
        // On a coloured background even a grey image has colours.
        var out = new Planes(raster, colours == 1 && (!alpha || background.isGrey()) ? 1 : 3);
        int[] row = new int[raster.getWidth() * bands];
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getPixels(0, y, raster.getWidth(), 1, row);
            for (int at = 0; at < row.length; at += bands) {
                int opacity = alpha ? scale(row[at + colours], max[colours]) : 255;
                int red = scale(row[at], max[0]);
                int green = colours == 1 ? red : scale(row[at + 1], max[1]);
                int blue = colours == 1 ? red : scale(row[at + 2], max[2]);
                out.add(opacity, red, green, blue);
            }
        }
        return out.pixels();
    }

    /** From 0..max to 0..255, rounded: 16 bits, the depth above 8 in practice, are divided by 257. */
    private static int scale(int value, int max) {
        return max == 255 ? value : (int) ((value * 255L + max / 2) / max);
    }

    /** The planes under construction, filled pixel by pixel in row order. */
    private final class Planes {
        private final int channels;
        private final int height;
        private final int width;
        private final byte[] data;
        private int next;

        Planes(Raster raster, int channels) {
            this.channels = channels;
            this.height = raster.getHeight();
            this.width = raster.getWidth();
            this.data = new byte[channels * height * width];
        }

        void addArgb(int argb) {
            add(argb >>> 24, argb >> 16 & 0xff, argb >> 8 & 0xff, argb & 0xff);
        }

        void add(int opacity, int red, int green, int blue) {
            data[next] = blend(red, background.red(), opacity);
            if (channels == 3) {
                int plane = height * width;
                data[plane + next] = blend(green, background.green(), opacity);
                data[2 * plane + next] = blend(blue, background.blue(), opacity);
            }
            next++;
        }

        private static byte blend(int colour, int behind, int opacity) {
            return (byte) ((colour * opacity + behind * (255 - opacity) + 127) / 255);
        }

        Pixels pixels() {
            return new Pixels(channels, height, width, data);
        }
    }
}
