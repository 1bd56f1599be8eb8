package ddpm.data;

import static ddpm.text.Untrusted.quote;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.StreamCorruptedException;
import java.nio.charset.StandardCharsets;

/**
 * The files in a tar archive, in its order: as much of POSIX ustar as archives of data sets use. Names are only
 * compared, never opened, so no name can lead outside a folder.
 */
final class TarReader {
    private static final int BLOCK = 512;

    private final InputStream in;
    private long toSkip;

    /** @param in the unpacked archive; not closed here */
    TarReader(InputStream in) {
        this.in = in;
    }

    /**
     * The head of one entry.
     *
     * @param name as stored, with its folders
     * @param size bytes of content
     * @param isFile whether it is a regular file
     */
    record Entry(String name, long size, boolean isFile) {}

    /**
     * Moves past what is left of the last entry to the next one; null at the end.
     *
     * @throws StreamCorruptedException if this is no tar archive or a damaged one; a reason without the path
     * @throws EOFException if it is cut short
     */
    Entry next() throws IOException {
        in.skipNBytes(toSkip);
        toSkip = 0;
        byte[] header = in.readNBytes(BLOCK);
        if (header.length == 0) {
            return null; // some writers leave the closing zero blocks out
        }
        if (header.length < BLOCK) {
            throw new EOFException();
        }
        if (isZero(header)) {
            return null;
        }
        int sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xff; // the checksum's own field counts as spaces
        }
        if (octal(header, 148, 8) != sum) {
            throw new StreamCorruptedException(
                    "is no tar archive or a damaged one: a header's checksum does not match");
        }
        long size = octal(header, 124, 12);
        toSkip = (size + BLOCK - 1) / BLOCK * BLOCK;
        return new Entry(text(header, 0, 100), size, header[156] == '0' || header[156] == 0);
    }

    /** The content of the entry that {@link #next} gave last; the caller has judged its size. */
    byte[] content(Entry entry) throws IOException {
        byte[] bytes = in.readNBytes(Math.toIntExact(entry.size()));
        if (bytes.length < entry.size()) {
            throw new EOFException();
        }
        toSkip -= bytes.length;
        return bytes;
    }

    private static boolean isZero(byte[] block) {
        for (byte value : block) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    private static String text(byte[] header, int from, int length) {
        int end = from;
        while (end < from + length && header[end] != 0) {
            end++;
        }
        return new String(header, from, end - from, StandardCharsets.UTF_8);
    }

    private static long octal(byte[] header, int from, int length) throws StreamCorruptedException {
        String digits = text(header, from, length).strip();
        try {
            return digits.isEmpty() ? 0 : Long.parseUnsignedLong(digits, 8);
        } catch (NumberFormatException e) {
            throw new StreamCorruptedException("is no tar archive or a damaged one: a header has " + quote(digits)
                    + " where an octal number stands");
        }
    }
}
