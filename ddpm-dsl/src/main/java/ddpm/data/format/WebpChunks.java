package ddpm.data.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The chunks of a WebP file (Google's container specification). Of lossless pictures and animations the first image is
 * handed on as a file of its own. Lossy ones are refused: no decoder in plain Java comes close to libwebp's pixels.
 */
final class WebpChunks {
    private static final int ANIM_FRAME = 0x464d4e41; // ANMF, read little-endian
    private static final int EXIF = 0x46495845;
    private static final int EXTENDED = 0x58385056; // VP8X
    private static final int ICCP = 0x50434349;
    private static final int LOSSLESS = 0x4c385056; // VP8L
    private static final int LOSSY = 0x20385056; // VP8 and a space
    private static final int FRAME_HEADER = 16;

    private final ByteBuffer file;
    private Orientation orientation = Orientation.UPRIGHT;
    private byte[] pixels;
    private byte[] profile;
    private boolean broken;
    private ImageContainer.Canvas canvas;
    private int canvasWidth;
    private int canvasHeight;

    /** @param file in little-endian order */
    WebpChunks(ByteBuffer file) {
        this.file = file;
    }

    ImageContainer container() throws BadImageException {
        long end = 8 + Integer.toUnsignedLong(file.getInt(4));
        if (end > file.limit()) {
            throw new BadImageException(
                    "is cut short: its header says " + end + " bytes, the file has " + file.limit());
        }
        walk(12, (int) end);
        if (pixels == null) {
            throw new BadImageException("is damaged: a WebP file without an image");
        }
        return new ImageContainer(pixels, orientation, canvas, profile, broken);
    }

    private void walk(int from, int end) throws BadImageException {
        for (long at = from; at + 8 <= end; ) {
            int data = (int) at + 8;
            long size = Integer.toUnsignedLong(file.getInt(data - 4));
            if (size > end - data) {
                throw new BadImageException("is damaged: a WebP chunk at byte " + at + " reaches past the end");
            }
            chunk(file.getInt((int) at), data, data + (int) size);
            at = data + size + (size & 1);
        }
    }

    private void chunk(int type, int from, int to) throws BadImageException {
        switch (type) {
            case EXTENDED -> {
                if (to - from >= 10) {
                    canvasWidth = 1 + int3(from + 4);
                    canvasHeight = 1 + int3(from + 7);
                }
            }
            case ANIM_FRAME -> {
                if (pixels == null && to - from >= FRAME_HEADER) {
                    int left = 2 * int3(from);
                    int top = 2 * int3(from + 3);
                    int width = Math.max(canvasWidth, left + 1 + int3(from + 6));
                    int height = Math.max(canvasHeight, top + 1 + int3(from + 9));
                    canvas = new ImageContainer.Canvas(height, width, top, left);
                    walk(from + FRAME_HEADER, to);
                }
            }
            case LOSSY -> {
                if (pixels == null) {
                    throw new BadImageException("is a lossy WebP file, which is not read: convert it first, e.g. by"
                            + " 'dwebp picture.webp -o picture.png' of Debian's package webp");
                }
            }
            case LOSSLESS -> pixels = pixels == null ? alone(from, to) : pixels;
            case ICCP -> profile = Arrays.copyOfRange(file.array(), from, to);
            case EXIF -> { // some writers keep JPEG's prefix
                boolean prefixed = to - from > 6 && file.getInt(from) == 0x66697845;
                var read = Orientation.ofExif(file.array(), from + (prefixed ? 6 : 0), to);
                orientation = read.orElse(orientation);
                broken |= read.isEmpty();
            }
            default -> {}
        }
    }

    /** The image as the only chunk of a file. */
    private byte[] alone(int from, int to) {
        int length = to - from;
        return ByteBuffer.allocate(20 + length + (length & 1))
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x46464952) // RIFF
                .putInt(12 + length + (length & 1))
                .putInt(0x50424557) // WEBP
                .putInt(LOSSLESS)
                .putInt(length)
                .put(file.array(), from, length)
                .array();
    }

    private int int3(int at) {
        return file.get(at) & 0xff | (file.get(at + 1) & 0xff) << 8 | (file.get(at + 2) & 0xff) << 16;
    }
}
