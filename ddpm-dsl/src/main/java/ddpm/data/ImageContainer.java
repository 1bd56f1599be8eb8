package ddpm.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * What the outside of an image file says: whether the file is complete, how the picture is turned and where it stands.
 *
 * <p>Decoders paint what is missing from a file cut short in grey and call it a warning, so completeness is checked
 * here, on the bytes, before a decoder sees them. The format is told by content: a viewer ignores wrong extensions too.
 *
 * @param orientation from EXIF
 * @param canvas where a GIF's first frame stands, or null for formats whose image is the whole picture
 * @param iccp the data of a PNG's colour profile chunk, or null
 */
record ImageContainer(Orientation orientation, Canvas canvas, byte[] iccp) {
    /** The screen of a GIF, in pixels, and the place of its first frame on it. */
    record Canvas(int height, int width, int top, int left) {}

    private static final long PNG = 0x89504e470d0a1a0aL;

    /** @throws BadImageException if the file is cut short or of no known format; the message is a reason without the path */
    static ImageContainer of(byte[] bytes) throws BadImageException {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        if (bytes.length < 12) {
            throw new BadImageException("is " + bytes.length + " bytes long, too short for an image");
        }
        if (file.getLong(0) == PNG) {
            return png(file);
        }
        if (file.getShort(0) == (short) 0xffd8) {
            return new ImageContainer(jpeg(file), null, null);
        }
        if (file.getInt(0) == 0x47494638) { // GIF8
            return new ImageContainer(Orientation.UPRIGHT, gif(file.order(ByteOrder.LITTLE_ENDIAN)), null);
        }
        if (file.getInt(0) == 0x52494646 && file.getInt(8) == 0x57454250) { // RIFF....WEBP
            return new ImageContainer(webp(file.order(ByteOrder.LITTLE_ENDIAN)), null, null);
        }
        if (file.getShort(0) == 0x424d) { // BM
            bmp(file.order(ByteOrder.LITTLE_ENDIAN));
            return new ImageContainer(Orientation.UPRIGHT, null, null);
        }
        throw new BadImageException("is not a PNG, JPEG, GIF, WebP or BMP file, whatever its name says");
    }

    private static ImageContainer png(ByteBuffer file) throws BadImageException {
        var orientation = Orientation.UPRIGHT;
        byte[] iccp = null;
        var crc = new CRC32();
        for (int at = 8; ; ) {
            long length = at + 12 <= file.limit() ? Integer.toUnsignedLong(file.getInt(at)) : Long.MAX_VALUE;
            if (length > file.limit() - at - 12L) {
                throw new BadImageException("is cut short: its PNG chunks do not end with IEND");
            }
            int end = at + 8 + (int) length;
            int type = file.getInt(at + 4);
            crc.reset();
            crc.update(file.array(), at + 4, 4 + (int) length);
            if (file.getInt(end) != (int) crc.getValue()) {
                throw new BadImageException(
                        "is damaged: the checksum of a PNG chunk at byte " + at + " does not match");
            }
            if (type == 0x65584966) { // eXIf
                orientation = Orientation.ofExif(file.array(), at + 8, end);
            } else if (type == 0x69434350) { // iCCP
                iccp = Arrays.copyOfRange(file.array(), at + 8, end);
            } else if (type == 0x49454e44) { // IEND
                return new ImageContainer(orientation, null, iccp);
            }
            at = end + 4;
        }
    }

    /** Walks segments and scans (ITU-T T.81, annex B) up to the end-of-image marker. */
    private static Orientation jpeg(ByteBuffer file) throws BadImageException {
        byte[] bytes = file.array();
        var orientation = Orientation.UPRIGHT;
        boolean exif = false;
        int at = 2;
        while (true) {
            // Between segments there may be fill bytes 0xff; after a scan's header, its data up to the next marker.
            while (at + 1 < bytes.length && !(bytes[at] == (byte) 0xff && isMarker(bytes[at + 1]))) {
                at++;
            }
            int marker = at + 1 < bytes.length ? bytes[at + 1] & 0xff : -1;
            if (marker == 0xd9) {
                return orientation;
            }
            if (marker < 0 || at + 4 > bytes.length) {
                throw new BadImageException("is cut short: its JPEG data has no end-of-image marker");
            }
            int end = at + 2 + Short.toUnsignedInt(file.getShort(at + 2));
            if (marker == 0xe1 && !exif && end <= bytes.length && end - at > 10 && file.getInt(at + 4) == 0x45786966) {
                orientation = Orientation.ofExif(bytes, at + 10, end); // after "Exif" and two zero bytes
                exif = true;
            }
            at = end;
        }
    }

    /** Not stuffing (00), a restart (d0 to d7), a fill byte (ff) or one of the markers without a segment (01, d8). */
    private static boolean isMarker(byte second) {
        int code = second & 0xff;
        return code > 0x01 && code != 0xff && (code < 0xd0 || code > 0xd8);
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

    private static int colourTable(ByteBuffer file, int flagsAt) {
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

    private static Orientation webp(ByteBuffer file) throws BadImageException {
        long end = 8 + Integer.toUnsignedLong(file.getInt(4));
        if (end > file.limit()) {
            throw new BadImageException(
                    "is cut short: its header says " + end + " bytes, the file has " + file.limit());
        }
        for (long at = 12; at + 8 <= end; ) {
            int chunk = (int) at + 8;
            long size = Integer.toUnsignedLong(file.getInt(chunk - 4));
            if (size > end - chunk) {
                throw new BadImageException("is damaged: a WebP chunk at byte " + at + " reaches past the end");
            }
            if (file.getInt(chunk - 8) == 0x46495845) { // EXIF, read little-endian; some writers keep JPEG's prefix
                boolean prefixed = size > 6 && file.getInt(chunk) == 0x66697845;
                return Orientation.ofExif(file.array(), chunk + (prefixed ? 6 : 0), chunk + (int) size);
            }
            at = chunk + size + (size & 1);
        }
        return Orientation.UPRIGHT;
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
