package ddpm.data.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/** The first directory of a TIFF block (TIFF 6.0, section 2): a picture's, or what EXIF keeps in files of other formats. */
final class TiffDirectory {
    static final int ORIENTATION = 0x0112;
    private static final int STRIP_OFFSETS = 0x0111;
    private static final int STRIP_BYTES = 0x0117;
    private static final int TILE_OFFSETS = 0x0144;
    private static final int TILE_BYTES = 0x0145;
    private static final int PROFILE = 0x8773;

    private static final int ENTRY = 12;
    private static final int UNSIGNED_SHORT = 3;

    private final ByteBuffer tiff;
    private final int at;
    private final int entries;

    private TiffDirectory(ByteBuffer tiff, int at, int entries) {
        this.tiff = tiff;
        this.at = at;
        this.entries = entries;
    }

    /** Finds it in {@code [start, end)}; empty if there is none or it is cut short. */
    static Optional<TiffDirectory> in(byte[] bytes, int start, int end) {
        if (end - start < 8) {
            return Optional.empty();
        }
        ByteBuffer tiff = ByteBuffer.wrap(bytes, start, end - start).slice();
        int order = tiff.getShort(0);
        tiff.order(order == 0x4949 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        long directory = Integer.toUnsignedLong(tiff.getInt(4));
        if (order != 0x4949 && order != 0x4d4d || tiff.getShort(2) != 42 || directory > tiff.limit() - 2) {
            return Optional.empty();
        }
        int at = (int) directory;
        int entries = Short.toUnsignedInt(tiff.getShort(at));
        return entries > (tiff.limit() - at - 2) / ENTRY
                ? Optional.empty()
                : Optional.of(new TiffDirectory(tiff, at + 2, entries));
    }

    /** The first value of an entry of whole numbers; empty if there is none. */
    Optional<Long> value(int tag) {
        int entry = find(tag);
        return entry < 0 || count(entry) < 1 ? Optional.empty() : Optional.of(number(entry, 0));
    }

    /** Takes a TIFF file apart; of several pages, the first. */
    static ImageContainer container(byte[] bytes) throws BadImageException {
        var copy = bytes.clone();
        var found = in(copy, 0, copy.length);
        if (found.isEmpty()) {
            throw new BadImageException("is cut short: its TIFF directory is not in the file");
        }
        var directory = found.get();
        directory.requireInside(STRIP_OFFSETS, STRIP_BYTES);
        directory.requireInside(TILE_OFFSETS, TILE_BYTES);
        int profile = directory.find(PROFILE);
        byte[] icc = null;
        boolean broken = false;
        if (profile >= 0) {
            long from = Integer.toUnsignedLong(directory.tiff.getInt(profile + 8));
            long length = directory.count(profile);
            broken = length > copy.length - from;
            icc = broken ? null : Arrays.copyOfRange(copy, (int) from, (int) (from + length));
            directory.tiff.putShort(profile, (short) 0xfffe); // a tag that no decoder knows
        }
        var turned = directory.value(ORIENTATION).map(Orientation::of);
        broken |= turned.isPresent() && turned.get().isEmpty();
        return new ImageContainer(copy, turned.flatMap(o -> o).orElse(Orientation.UPRIGHT), null, icc, broken);
    }

    /** Every strip or tile lies in the file: some decoders make up what does not. */
    private void requireInside(int offsets, int lengths) throws BadImageException {
        int from = find(offsets);
        int length = find(lengths);
        if (from < 0 || length < 0) {
            return; // the decoder is left to judge
        }
        long pieces = Math.min(count(from), count(length));
        for (int i = 0; i < pieces; i++) {
            if (number(from, i) + number(length, i) > tiff.limit()) {
                throw new BadImageException("is cut short: a strip or tile of its TIFF data ends at byte "
                        + (number(from, i) + number(length, i)) + ", the file at " + tiff.limit());
            }
        }
    }

    private int find(int tag) {
        for (int i = 0; i < entries; i++) {
            int entry = at + ENTRY * i;
            if (Short.toUnsignedInt(tiff.getShort(entry)) == tag) {
                return entry;
            }
        }
        return -1;
    }

    private long count(int entry) {
        long count = Integer.toUnsignedLong(tiff.getInt(entry + 4));
        return count * width(entry) <= 4 || valuesAt(entry) + count * width(entry) <= tiff.limit() ? count : 0;
    }

    private int width(int entry) {
        return switch (tiff.getShort(entry + 2)) {
            case UNSIGNED_SHORT -> 2;
            case 4, 13 -> 4; // unsigned int, offset
            default -> 1;
        };
    }

    /** Where the values lie: in the entry itself if four bytes hold them. */
    private long valuesAt(int entry) {
        long length = Integer.toUnsignedLong(tiff.getInt(entry + 4)) * width(entry);
        return length <= 4 ? entry + 8 : Integer.toUnsignedLong(tiff.getInt(entry + 8));
    }

    private long number(int entry, int i) {
        int place = (int) (valuesAt(entry) + (long) i * width(entry));
        return switch (width(entry)) {
            case 2 -> Short.toUnsignedLong(tiff.getShort(place));
            case 4 -> Integer.toUnsignedLong(tiff.getInt(place));
            default -> tiff.get(place) & 0xff;
        };
    }
}
