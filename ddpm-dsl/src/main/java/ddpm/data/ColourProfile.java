package ddpm.data;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** ICC profiles, so far as ImageIO leaves them to us: it applies those of JPEG and WebP files and ignores PNG's. */
final class ColourProfile {
    /** Profiles of displays and cameras have some kilobytes; one that unpacks to more than this is a bomb. */
    private static final int MAX_BYTES = 4 << 20;

    /** Colours between which profiles differ; components 0 to 1. */
    private static final float[][] PROBES = {
        {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0.5f, 0.5f, 0.5f}, {0.1f, 0.1f, 0.1f}, {0.8f, 0.4f, 0.2f}
    };

    private ColourProfile() {}

    /**
     * Whether images in {@code space} look as sRGB does, to within a level and a half of 255 for some telling colours.
     * The many published versions of the sRGB profile do; converting from them would only add rounding.
     */
    static boolean isSrgb(ColorSpace space) {
        if (space.isCS_sRGB()) {
            return true;
        }
        if (space.getType() != ColorSpace.TYPE_RGB) {
            return false;
        }
        for (float[] probe : PROBES) {
            float[] shown = space.toRGB(probe);
            for (int c = 0; c < 3; c++) {
                if (Math.abs(shown[c] - probe[c]) > 1.5f / 255) {
                    return false;
                }
            }
        }
        return true;
    }

    /**
     * The same samples, said to be in the colour space of a PNG's iCCP chunk; {@code image} itself if that space is none
     * for colour images or cannot be read, as viewers ignore such profiles too.
     *
     * @param chunk the chunk's data: a name, a zero byte, the method 0, a zlib stream
     */
    static BufferedImage apply(byte[] chunk, BufferedImage image) {
        ColorModel model = image.getColorModel();
        if (model.getColorSpace().getType() != ColorSpace.TYPE_RGB) {
            return image;
        }
        try {
            var space = new ICC_ColorSpace(ICC_Profile.getInstance(inflate(chunk)));
            if (space.getType() != ColorSpace.TYPE_RGB || isSrgb(space)) {
                return image;
            }
            BufferedImage samples = model instanceof ComponentColorModel ? image : unpacked(image);
            ColorModel from = samples.getColorModel();
            var to = new ComponentColorModel(
                    space,
                    from.hasAlpha(),
                    from.isAlphaPremultiplied(),
                    from.getTransparency(),
                    from.getTransferType());
            return new BufferedImage(to, samples.getRaster(), from.isAlphaPremultiplied(), null);
        } catch (DataFormatException | RuntimeException e) {
            return image;
        }
    }

    private static BufferedImage unpacked(BufferedImage palette) {
        var image = new BufferedImage(palette.getWidth(), palette.getHeight(), BufferedImage.TYPE_4BYTE_ABGR);
        int[] row = new int[palette.getWidth()];
        for (int y = 0; y < palette.getHeight(); y++) {
            palette.getRGB(0, y, row.length, 1, row, 0, row.length);
            image.setRGB(0, y, row.length, 1, row, 0, row.length);
        }
        return image;
    }

    private static byte[] inflate(byte[] chunk) throws DataFormatException {
        int name = 0;
        while (name < chunk.length && chunk[name] != 0) {
            name++;
        }
        if (name + 2 > chunk.length) {
            throw new DataFormatException("no profile after the name");
        }
        byte[] profile = new byte[MAX_BYTES];
        try (var inflater = new Inflater()) {
            inflater.setInput(chunk, name + 2, chunk.length - name - 2);
            int length = inflater.inflate(profile);
            if (!inflater.finished()) {
                throw new DataFormatException("cut short or too long");
            }
            return Arrays.copyOf(profile, length);
        }
    }
}
