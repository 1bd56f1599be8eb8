package ddpm.data.format;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.nio.ByteBuffer;
import java.util.Optional;

/** ICC profiles of image files: one that is broken, or of another kind than the pixels, is none, as viewers have it. */
public final class ColourProfile {
    private static final int HEADER = 128;

    /** Colours between which profiles differ; components 0 to 1, of which grey takes the first. */
    private static final float[][] PROBES = {
        {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0.5f, 0.5f, 0.5f}, {0.1f, 0.1f, 0.1f}, {0.8f, 0.4f, 0.2f}
    };

    private ColourProfile() {}

    /**
     * Reads a profile.
     *
     * @param type of colours, as {@link ColorSpace#getType}
     * @return empty if it is broken or of another type
     */
    static Optional<ICC_ColorSpace> of(byte[] profile, int type) {
        // The size that a header claims is believed by some readers, so it is compared first.
        if (profile.length < HEADER || ByteBuffer.wrap(profile).getInt(0) > profile.length) {
            return Optional.empty();
        }
        try {
            var space = new ICC_ColorSpace(ICC_Profile.getInstance(profile));
            if (space.getType() != type) {
                return Optional.empty();
            }
            space.toRGB(new float[space.getNumComponents()]); // links the profile, which finds tables that are damaged
            return Optional.of(space);
        } catch (RuntimeException damaged) {
            return Optional.empty();
        }
    }

    /**
     * Whether images in {@code space} look as sRGB does, to within a level and a half of 255 for some telling colours.
     * The many published versions of the sRGB profile do; converting from them would only add rounding.
     */
    public static boolean isSrgb(ColorSpace space) {
        if (space.isCS_sRGB()) {
            return true;
        }
        boolean grey = space.getType() == ColorSpace.TYPE_GRAY;
        if (!grey && space.getType() != ColorSpace.TYPE_RGB) {
            return false;
        }
        for (float[] probe : PROBES) {
            float[] shown = space.toRGB(grey ? new float[] {probe[0]} : probe);
            for (int c = 0; c < 3; c++) {
                if (Math.abs(shown[c] - probe[grey ? 0 : c]) > 1.5f / 255) {
                    return false;
                }
            }
        }
        return true;
    }

    /**
     * Says that an image's samples are in a file's colour space.
     *
     * @return the image itself if that space is sRGB; empty if the profile is broken or does not suit the image
     */
    public static Optional<BufferedImage> apply(byte[] profile, BufferedImage image) {
        ColorModel model = image.getColorModel();
        return of(profile, model.getColorSpace().getType()).map(space -> {
            if (isSrgb(space)) {
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
        });
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
}
