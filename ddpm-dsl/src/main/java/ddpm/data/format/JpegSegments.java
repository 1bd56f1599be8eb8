package ddpm.data.format;

import java.awt.color.ColorSpace;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.TreeMap;

/**
 * The segments and scans of a JPEG file (ITU-T T.81, annex B) up to the end-of-image marker.
 *
 * <p>Files do not say what their three components are; decoders guess from markers, each by rules of its own. Here
 * libjpeg's rules decide, and the file is handed on with one marker that leaves nothing to guess.
 */
final class JpegSegments {
    /** A progressive picture has about ten; each costs a pass over all pixels. */
    private static final int MAX_SCANS = 64;

    private static final byte[] SAYS_YCBCR = {
        (byte) 0xff, (byte) 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0
    };
    private static final String PROFILE = "ICC_PROFILE\0";
    private static final int NO_ADOBE = -1;

    private final ByteBuffer file;
    private final byte[] bytes;
    private final ByteArrayOutputStream rest;
    private final TreeMap<Integer, byte[]> profileParts = new TreeMap<>();
    private Orientation orientation = Orientation.UPRIGHT;
    private boolean hasExif;
    private boolean hasJfif;
    private int adobeTransform = NO_ADOBE;
    private int components;
    private boolean namedRgb;
    private int scans;
    private boolean broken;

    JpegSegments(ByteBuffer file) {
        this.file = file;
        this.bytes = file.array();
        this.rest = new ByteArrayOutputStream(bytes.length);
    }

    ImageContainer container() throws BadImageException {
        int at = 2;
        while (true) {
            int begin = at;
            // Between segments there may be fill bytes 0xff; after a scan's header, its data up to the next marker.
            while (at + 1 < bytes.length && !(bytes[at] == (byte) 0xff && isMarker(bytes[at + 1]))) {
                at++;
            }
            rest.write(bytes, begin, at - begin);
            int marker = at + 1 < bytes.length ? bytes[at + 1] & 0xff : -1;
            if (marker == 0xd9) {
                rest.write(bytes, at, 2);
                break;
            }
            int end = at + 4 > bytes.length ? -1 : at + 2 + Short.toUnsignedInt(file.getShort(at + 2));
            if (marker < 0 || end < 0 || end > bytes.length) {
                throw new BadImageException("is cut short: its JPEG data has no end-of-image marker");
            }
            if (end < at + 4) {
                throw new BadImageException("is damaged: a JPEG segment at byte " + at + " has no length");
            }
            if (!isMetadata(marker, at + 4, end)) {
                rest.write(bytes, at, end - at);
            }
            at = end;
        }
        var pixels = new ByteArrayOutputStream(bytes.length + 64);
        pixels.write(bytes, 0, 2);
        pixels.writeBytes(components == 4 && adobeTransform != NO_ADOBE ? adobe(adobeTransform) : threeOrOne());
        var profile = profile();
        if (components == 4 && profile != null) { // the decoder goes from CMYK to RGB by itself
            broken |= ColourProfile.of(profile, ColorSpace.TYPE_CMYK).isEmpty();
            profileParts.forEach((number, part) -> writeProfilePart(pixels, number, part));
            profile = null;
        }
        pixels.writeBytes(rest.toByteArray());
        return new ImageContainer(pixels.toByteArray(), orientation, null, profile, broken);
    }

    /** Looks at one segment; true for those that are not handed on. */
    private boolean isMetadata(int marker, int from, int to) throws BadImageException {
        switch (marker) {
            case 0xe0 -> hasJfif |= begins(from, to, "JFIF\0");
            case 0xe1 -> exif(from, to);
            case 0xe2 -> profilePart(from, to);
            case 0xee ->
                adobeTransform =
                        begins(from, to, "Adobe") && to - from >= 12 ? bytes[from + 11] & 0xff : adobeTransform;
            case 0xda -> {
                if (++scans > MAX_SCANS) {
                    throw new BadImageException("has more than " + MAX_SCANS
                            + " scans, far more than any encoder writes; write it again, e.g. with jpegtran");
                }
            }
            case 0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf -> frame(from, to);
            default -> {}
        }
        return marker >= 0xe0 && marker <= 0xef || marker == 0xfe;
    }

    private void frame(int from, int to) {
        components = to - from > 5 ? bytes[from + 5] & 0xff : 0;
        namedRgb = components == 3
                && to - from >= 15
                && bytes[from + 6] == 'R'
                && bytes[from + 9] == 'G'
                && bytes[from + 12] == 'B';
    }

    private void exif(int from, int to) {
        if (!hasExif && begins(from, to, "Exif\0")) {
            var read = Orientation.ofExif(bytes, from + 6, to); // after "Exif" and two zero bytes
            orientation = read.orElse(orientation);
            broken |= read.isEmpty();
            hasExif = true;
        }
    }

    /** {@code ICC_PROFILE\0}, the number of this part from 1, the number of parts, the part. */
    private void profilePart(int from, int to) {
        if (begins(from, to, PROFILE) && to - from >= 14) {
            profileParts.put(bytes[from + 12] & 0xff, Arrays.copyOfRange(bytes, from + 13, to));
        }
    }

    private byte[] profile() {
        if (profileParts.isEmpty()) {
            return null;
        }
        var profile = new ByteArrayOutputStream();
        int count = profileParts.size();
        if (profileParts.firstKey() != 1 || profileParts.lastKey() != count) {
            broken = true;
            return null;
        }
        profileParts.values().forEach(part -> profile.write(part, 1, part.length - 1));
        return profile.toByteArray();
    }

    private void writeProfilePart(ByteArrayOutputStream out, int number, byte[] part) {
        if (!broken) {
            out.writeBytes(ByteBuffer.allocate(4 + PROFILE.length() + 1 + part.length)
                    .putShort((short) 0xffe2)
                    .putShort((short) (2 + PROFILE.length() + 1 + part.length))
                    .put(PROFILE.getBytes(StandardCharsets.ISO_8859_1))
                    .put((byte) number)
                    .put(part)
                    .array());
        }
    }

    /** As libjpeg's default_decompress_parms decides. */
    private byte[] threeOrOne() {
        boolean rgb = components == 3 && !hasJfif && (adobeTransform == NO_ADOBE ? namedRgb : adobeTransform == 0);
        return rgb ? adobe(0) : components == 1 || components == 3 ? SAYS_YCBCR : new byte[0];
    }

    private static byte[] adobe(int transform) {
        return new byte[] {
            (byte) 0xff, (byte) 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, (byte) transform
        };
    }

    private boolean begins(int from, int to, String text) {
        byte[] prefix = text.getBytes(StandardCharsets.ISO_8859_1);
        return to - from >= prefix.length && Arrays.equals(bytes, from, from + prefix.length, prefix, 0, prefix.length);
    }

    /** Not stuffing (00), a restart (d0 to d7), a fill byte (ff) or one of the markers without a segment (01, d8). */
    private static boolean isMarker(byte second) {
        int code = second & 0xff;
        return code > 0x01 && code != 0xff && (code < 0xd0 || code > 0xd8);
    }
}
