package ddpm.data.format;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** The chunks of a PNG file (W3C PNG, third edition, section 5), of which a decoder needs five kinds. */
final class PngChunks {
    /** Profiles of displays and cameras have some kilobytes; one that unpacks to more than this is a bomb. */
    private static final int MAX_PROFILE = 4 << 20;

    private static final int IHDR = 0x49484452;
    private static final int PLTE = 0x504c5445;
    private static final int TRNS = 0x74524e53;
    private static final int IDAT = 0x49444154;
    private static final int IEND = 0x49454e44;
    private static final int EXIF = 0x65584966;
    private static final int ICCP = 0x69434350;

    private final ByteBuffer file;
    private final ByteArrayOutputStream pixels;
    private Orientation orientation = Orientation.UPRIGHT;
    private byte[] profile;
    private boolean broken;

    PngChunks(ByteBuffer file) {
        this.file = file;
        this.pixels = new ByteArrayOutputStream(file.limit());
    }

    ImageContainer container() throws BadImageException {
        pixels.write(file.array(), 0, 8);
        var crc = new CRC32();
        int at = 8;
        int type = 0;
        while (type != IEND) {
            long length = at + 12 <= file.limit() ? Integer.toUnsignedLong(file.getInt(at)) : Long.MAX_VALUE;
            if (length > file.limit() - at - 12L) {
                throw new BadImageException("is cut short: its PNG chunks do not end with IEND");
            }
            int end = at + 8 + (int) length;
            type = file.getInt(at + 4);
            crc.reset();
            crc.update(file.array(), at + 4, 4 + (int) length);
            if (file.getInt(end) != (int) crc.getValue()) {
                throw new BadImageException(
                        "is damaged: the checksum of a PNG chunk at byte " + at + " does not match");
            }
            switch (type) {
                case IHDR, PLTE, TRNS, IDAT, IEND -> pixels.write(file.array(), at, end + 4 - at);
                case EXIF -> exif(at + 8, end);
                case ICCP -> iccp(at + 8, end);
                default -> {} // text, times and colours that browsers do not look at either
            }
            at = end + 4;
        }
        return new ImageContainer(pixels.toByteArray(), orientation, null, profile, broken);
    }

    private void exif(int from, int to) {
        var read = Orientation.ofExif(file.array(), from, to);
        orientation = read.orElse(orientation);
        broken |= read.isEmpty();
    }

    /** A name, a zero byte, the method 0, a zlib stream. */
    private void iccp(int from, int to) {
        int name = from;
        while (name < to && file.get(name) != 0) {
            name++;
        }
        try (var inflater = new Inflater()) {
            inflater.setInput(file.array(), Math.min(to, name + 2), Math.max(0, to - name - 2));
            var unpacked = new byte[(int) Math.min(MAX_PROFILE, 1032L * (to - from))]; // deflate's largest ratio
            int length = inflater.inflate(unpacked);
            profile = inflater.finished() ? Arrays.copyOf(unpacked, length) : null;
        } catch (DataFormatException e) {
            profile = null;
        }
        broken |= profile == null;
    }
}
