package ddpm.data.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * An image file taken apart before a decoder sees it: whether it is complete, what a decoder needs to make its pixels, how
 * the picture is turned and where it stands.
 *
 * <p>Decoders paint what is missing from a file cut short in grey and call it a warning, so completeness is checked here,
 * on the bytes. Metadata is read here too and kept from decoders: they disagree on what a broken profile means, and some
 * take the sizes it claims. The format is recognised by content, as viewers do whatever the name says.
 *
 * @param pixels a file of the same format without metadata
 * @param orientation how the picture is turned
 * @param canvas where the first frame of an animation stands, or null if the image is the whole picture
 * @param profile the ICC profile, or null
 * @param broken whether there is metadata that cannot be read
 */
public record ImageContainer(byte[] pixels, Orientation orientation, Canvas canvas, byte[] profile, boolean broken) {
    /** The screen of an animation, in pixels, and the place of its first frame on it. */
    public record Canvas(int height, int width, int top, int left) {}

    private static final long PNG = 0x89504e470d0a1a0aL;

    /** @throws BadImageException if the file is cut short or of no known format; the message is a reason without the path */
    public static ImageContainer of(byte[] bytes) throws BadImageException {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        if (bytes.length < 12) {
            throw new BadImageException("is " + bytes.length + " bytes long, too short for an image");
        }
        int magic = file.getInt(0);
        if (file.getLong(0) == PNG) {
            return new PngChunks(file).container();
        }
        if (magic >>> 16 == 0xffd8) {
            return new JpegSegments(file).container();
        }
        if (magic == 0x47494638) { // GIF8
            return new ImageContainer(
                    bytes, Orientation.UPRIGHT, gif(file.order(ByteOrder.LITTLE_ENDIAN)), null, false);
        }
        if (magic == 0x52494646 && file.getInt(8) == 0x57454250) { // RIFF....WEBP
            return new WebpChunks(file.order(ByteOrder.LITTLE_ENDIAN)).container();
        }
        if (magic == 0x49492a00 || magic == 0x4d4d002a) { // II*., MM.*
            return TiffDirectory.container(bytes);
        }
        if (magic >>> 16 == 0x424d) { // BM
            bmp(file.order(ByteOrder.LITTLE_ENDIAN));
            return new ImageContainer(bytes, Orientation.UPRIGHT, null, null, false);
        }
        throw new BadImageException("is not a PNG, JPEG, TIFF, GIF, WebP or BMP file, whatever its name says");
    }

    private static Canvas gif(ByteBuffer file) throws BadImageException {
        int at = 13 + colourTable(file, 10);
        while (at < file.limit()) {
            int block = file.get(at) & 0xff;
            if (block == 0x21) { // extension: a label, then sub-blocks
                at = afterSubBlocks(file, at + 2);
            } else if (block == 0x2c && at + 10 <= file.limit()) {
                int left = Short.toUnsignedInt(file.getShort(at + 1));
                int top = Short.toUnsignedInt(file.getShort(at + 3));
                int right = left + Short.toUnsignedInt(file.getShort(at + 5));
                int bottom = top + Short.toUnsignedInt(file.getShort(at + 7));
                afterSubBlocks(file, at + 10 + colourTable(file, at + 9) + 1);
                // Browsers enlarge a screen that is smaller than its first frame.
                int width = Math.max(right, Short.toUnsignedInt(file.getShort(6)));
                int height = Math.max(bottom, Short.toUnsignedInt(file.getShort(8)));
                return new Canvas(height, width, top, left);
            } else {
                break;
            }
        }
        throw new BadImageException("is cut short or damaged: no complete first frame in its GIF data");
    }

    private static int colourTable(ByteBuffer file, int flagsAt) throws BadImageException {
        if (flagsAt >= file.limit()) {
            throw new BadImageException("is cut short: its GIF data ends in a header");
        }
        int flags = file.get(flagsAt);
        return (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
    }

    private static int afterSubBlocks(ByteBuffer file, int at) throws BadImageException {
        while (at < file.limit()) {
            int length = file.get(at) & 0xff;
            if (length == 0) {
                return at + 1;
            }
            at += 1 + length;
        }
        throw new BadImageException("is cut short: its GIF data ends inside a block");
    }

    /** Uncompressed bitmaps only: their decoder leaves missing rows black without a word. */
    private static void bmp(ByteBuffer file) throws BadImageException {
        if (file.limit() < 34 || file.getInt(14) < 40) {
            return; // OS/2's old header; its decoder is left to judge
        }
        int compression = file.getInt(30);
        if (compression != 0 && compression != 3) {
            return;
        }
        long bits = Math.abs((long) file.getInt(18)) * Short.toUnsignedInt(file.getShort(28));
        long rows = Math.abs((long) file.getInt(22));
        long need = Integer.toUnsignedLong(file.getInt(10)) + (bits + 31) / 32 * 4 * rows;
        if (need > file.limit()) {
            throw new BadImageException(
                    "is cut short: its header says " + need + " bytes, the file has " + file.limit());
        }
    }
}
