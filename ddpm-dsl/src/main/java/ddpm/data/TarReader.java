package ddpm.data;

import static ddpm.text.Untrusted.quote;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.StreamCorruptedException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The files in a tar archive, in its order: POSIX's ustar and pax, and GNU's long names. Names are only compared, never
 * opened, so no name can lead outside a folder.
 */
final class TarReader {
    private static final int BLOCK = 512;

    /** Of names and pax records, which stand before an entry as files of their own. */
    private static final int MAX_EXTRA = 1 << 20;

    /** What POSIX's pax, and GNU tar, call the size and the name of the next entry, and a file with holes. */
    private static final String PAX_SIZE = "size";

    private static final String PAX_PATH = "path";
    private static final String PAX_SPARSE = "GNU.sparse.";

    private final InputStream in;
    private long position;
    private long toSkip;
    private boolean closed;

    /** @param in the unpacked archive; not closed here */
    TarReader(InputStream in) {
        this.in = in;
    }

    /** What an entry is. */
    enum Kind {
        FILE,
        FOLDER,
        LINK,
        OTHER
    }

    /**
     * The head of one entry.
     *
     * @param name as stored, with its folders
     * @param size bytes of content
     * @param at where in the unpacked archive the content begins
     */
    record Entry(String name, long size, Kind kind, long at) {
        boolean isFile() {
            return kind == Kind.FILE;
        }
    }

    /**
     * Moves past what is left of the last entry to the next one; null at the end.
     *
     * @throws StreamCorruptedException if this is no tar archive or a damaged one; a reason without the path
     * @throws EOFException if it is cut short
     */
    Entry next() throws IOException {
        Map<String, String> said = new HashMap<>();
        for (byte[] header = header(); header != null; header = header()) {
            long size = said.containsKey(PAX_SIZE) ? decimal(said.get(PAX_SIZE)) : number(header, 124, 12);
            switch (header[156]) {
                case 'L' -> said.put(PAX_PATH, text(extra(size), 0, Math.toIntExact(size)));
                case 'x' -> readPax(extra(size), said);
                case 'K', 'g' -> extra(size); // the target of a link, and comments of the whole archive
                default -> {
                    return entry(header, size, said);
                }
            }
        }
        if (!said.isEmpty()) {
            throw new EOFException();
        }
        return null;
    }

    /** Whether the archive has come to its end as writers mark it; some leave the mark out. */
    boolean isClosed() {
        return closed;
    }

    /** The content of the entry that {@link #next} gave last; the caller has judged its size. */
    byte[] content(Entry entry) throws IOException {
        byte[] bytes = in.readNBytes(Math.toIntExact(entry.size()));
        position += bytes.length;
        if (bytes.length < entry.size()) {
            throw new EOFException();
        }
        toSkip -= bytes.length;
        return bytes;
    }

    private Entry entry(byte[] header, long size, Map<String, String> said) {
        var name = said.getOrDefault(PAX_PATH, ustarName(header));
        var kind = said.keySet().stream().anyMatch(key -> key.startsWith(PAX_SPARSE)) ? Kind.OTHER : kind(header, name);
        boolean hasContent = header[156] < '1' || header[156] > '6';
        long content = hasContent ? size : 0;
        toSkip = padded(content);
        return new Entry(name, content, kind, position);
    }

    private static Kind kind(byte[] header, String name) {
        return switch (header[156]) {
            case 0, '0', '7' -> name.endsWith("/") ? Kind.FOLDER : Kind.FILE;
            case '1', '2' -> Kind.LINK;
            case '5' -> Kind.FOLDER;
            default -> Kind.OTHER;
        };
    }

    private static String ustarName(byte[] header) {
        String name = text(header, 0, 100);
        boolean isPosix = text(header, 257, 6).equals("ustar") && header[262] == 0;
        String prefix = isPosix ? text(header, 345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    /** The next block with a header in it; null at the end. */
    private byte[] header() throws IOException {
        in.skipNBytes(toSkip);
        position += toSkip;
        toSkip = 0;
        byte[] header = in.readNBytes(BLOCK);
        position += header.length;
        if (header.length == 0) {
            return null;
        }
        if (header.length < BLOCK) {
            throw new EOFException();
        }
        if (Arrays.equals(header, new byte[BLOCK])) {
            closed = true;
            return null;
        }
        int sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xff; // the checksum's own field counts as spaces
        }
        if (number(header, 148, 8) != sum) {
            throw new StreamCorruptedException(
                    "is no tar archive or a damaged one: a header's checksum does not match");
        }
        return header;
    }

    private byte[] extra(long size) throws IOException {
        if (size > MAX_EXTRA) {
            throw new StreamCorruptedException("is damaged: a name or comment in it takes " + size + " bytes");
        }
        toSkip = padded(size);
        return content(new Entry("", size, Kind.OTHER, position));
    }

    private static long padded(long size) {
        return (size + BLOCK - 1) / BLOCK * BLOCK;
    }

    /** Records of the form {@code LENGTH KEY=VALUE\n}, where LENGTH counts itself. */
    private static void readPax(byte[] records, Map<String, String> said) throws StreamCorruptedException {
        int at = 0;
        while (at < records.length) {
            int space = at;
            while (space < records.length && records[space] != ' ') {
                space++;
            }
            long length = decimal(new String(records, at, space - at, StandardCharsets.UTF_8));
            if (length <= space - at + 1 || length > records.length - at) {
                throw new StreamCorruptedException("is damaged: a pax record does not fit its header");
            }
            var record = new String(records, space + 1, (int) length - (space - at) - 2, StandardCharsets.UTF_8);
            int equals = record.indexOf('=');
            said.put(record.substring(0, Math.max(0, equals)), record.substring(equals + 1));
            at += (int) length;
        }
    }

    private static String text(byte[] header, int from, int length) {
        int end = from;
        while (end < from + length && header[end] != 0) {
            end++;
        }
        return new String(header, from, end - from, StandardCharsets.UTF_8);
    }

    /** An octal number, or GNU's way with large ones: binary behind a first byte of 0x80. */
    private static long number(byte[] header, int from, int length) throws StreamCorruptedException {
        if (header[from] == (byte) 0x80) {
            long value = 0;
            for (int i = from + 1; i < from + length; i++) {
                value = requireSize(value) << 8 | header[i] & 0xff;
            }
            return requireSize(value);
        }
        return parsed(text(header, from, length).strip(), 8);
    }

    private static long decimal(String digits) throws StreamCorruptedException {
        return parsed(digits, 10);
    }

    private static long parsed(String digits, int radix) throws StreamCorruptedException {
        try {
            return requireSize(digits.isEmpty() ? 0 : Long.parseLong(digits, radix));
        } catch (NumberFormatException e) {
            throw new StreamCorruptedException(
                    "is no tar archive or a damaged one: a header has " + quote(digits) + " where a number stands");
        }
    }

    /** So that sums of sizes do not overflow. */
    private static long requireSize(long value) throws StreamCorruptedException {
        if (value < 0 || value > 1L << 48) {
            throw new StreamCorruptedException("is damaged: an entry claims a size of " + value + " and more bytes");
        }
        return value;
    }
}
