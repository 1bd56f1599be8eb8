package ddpm.io;

import static ddpm.text.Untrusted.quote;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * The central directory of a ZIP file, ZIP64 included, with every offset and size checked against the file. Source:
 * PKWARE's APPNOTE.TXT 6.3, sections 4.3 and 4.5.
 */
public final class ZipDirectory {
    private static final int MAX_DIRECTORY = 100_000_000;

    private static final int END = 0x06054b50;
    private static final int END_LENGTH = 22;
    private static final int MAX_COMMENT = 0xffff;
    private static final int ZIP64_LOCATOR = 0x07064b50;
    private static final int ZIP64_LOCATOR_LENGTH = 20;
    private static final int ZIP64_END = 0x06064b50;
    private static final int ZIP64_END_LENGTH = 56;
    static final int LOCAL_LENGTH = 30;
    private static final int CENTRAL = 0x02014b50;
    private static final int CENTRAL_LENGTH = 46;
    private static final int ZIP64_EXTRA = 1;
    private static final long IN_ZIP64 = 0xffffffffL;
    static final int STORED = 0;
    static final int DEFLATED = 8;
    private static final int ENCRYPTED_FLAGS = 1 | 1 << 6 | 1 << 13;
    private static final int MADE_ON_UNIX = 3;
    private static final int UNIX_KIND = 0xf000; // S_IFMT of stat.h
    private static final int UNIX_LINK = 0xa000;

    /**
     * One entry of the central directory.
     *
     * @param crc CRC-32 of the contents, or 0 when the writer computed none
     * @param packed bytes it takes in the file
     * @param size bytes of its contents
     * @param isLink whether it is a symbolic link of Unix, whose contents are its target
     */
    public record Entry(String name, int method, int crc, long packed, long size, long headerAt, boolean isLink) {
        boolean isStored() {
            return method == STORED;
        }

        /** Whether it stands for a folder; these have no contents. */
        public boolean isFolder() {
            return name.endsWith("/");
        }
    }

    private final FileBytes file;
    private final SequencedMap<String, Entry> entries = new LinkedHashMap<>();
    private long directoryAt;

    ZipDirectory(FileBytes file) throws IOException {
        this.file = file;
        readDirectory();
    }

    /** Entries by name, in the directory's order. Names are relative and without {@code ..}. */
    SequencedMap<String, Entry> entries() {
        return Collections.unmodifiableSequencedMap(entries);
    }

    /** Where the directory begins, which is where the entries' contents must have ended. */
    long at() {
        return directoryAt;
    }

    private void readDirectory() throws IOException {
        int tail = (int) Math.min(file.size(), END_LENGTH + MAX_COMMENT);
        long tailAt = file.size() - tail;
        var bytes = file.copy(tailAt, tail);
        int end = tail - END_LENGTH;
        while (end >= 0
                && (bytes.getInt(end) != END || (bytes.getShort(end + 20) & 0xffff) != tail - END_LENGTH - end)) {
            end--;
        }
        if (end < 0) {
            throw file.bad("is a ZIP file without its end, so it is cut short; fetch or write it again");
        }
        long count = bytes.getShort(end + 10) & 0xffff;
        long length = bytes.getInt(end + 12) & IN_ZIP64;
        directoryAt = bytes.getInt(end + 16) & IN_ZIP64;
        long before = tailAt + end;
        long locatorAt = before - ZIP64_LOCATOR_LENGTH;
        if (locatorAt >= 0 && file.copy(locatorAt, ZIP64_LOCATOR_LENGTH).getInt(0) == ZIP64_LOCATOR) {
            before = file.copy(locatorAt, ZIP64_LOCATOR_LENGTH).getLong(8);
            var zip64 = file.copy(before, ZIP64_END_LENGTH);
            if (zip64.getInt(0) != ZIP64_END) {
                throw file.bad("has a damaged ZIP64 end; fetch or write it again");
            }
            count = zip64.getLong(32);
            length = zip64.getLong(40);
            directoryAt = zip64.getLong(48);
        }
        if (directoryAt < 0 || length < 0 || length > MAX_DIRECTORY || directoryAt > before - length) {
            throw file.bad("has a ZIP directory of " + length + " bytes at byte " + directoryAt
                    + ", which does not fit before its end at byte " + before + " or exceeds " + MAX_DIRECTORY);
        }
        var directory = file.view(directoryAt, (int) length);
        for (long i = 0; i < count; i++) {
            readEntry(directory);
        }
        if (directory.hasRemaining()) {
            throw file.bad("has more in its ZIP directory than the " + count + " entries it counts; it is damaged");
        }
        requireApart();
    }

    /** Entries that share bytes would be read and checked once for each: a small file of endless work. */
    private void requireApart() throws FileFormatException {
        long end = 0;
        var inOrder = entries.values().stream()
                .sorted(Comparator.comparingLong(Entry::headerAt))
                .toList();
        for (var entry : inOrder) {
            if (entry.headerAt() < end) {
                throw file.bad("ZIP entry " + quote(entry.name()) + " begins at byte " + entry.headerAt()
                        + ", inside another that ends at " + end + "; it is damaged, fetch or write it again");
            }
            end = entry.headerAt() + LOCAL_LENGTH + entry.packed();
        }
    }

    private void readEntry(ByteBuffer directory) throws IOException {
        var header = slice(directory, CENTRAL_LENGTH);
        if (header.getInt(0) != CENTRAL) {
            throw file.bad("has a damaged ZIP directory; fetch or write it again");
        }
        String name = text(slice(directory, header.getShort(28) & 0xffff));
        var extra = slice(directory, header.getShort(30) & 0xffff);
        slice(directory, header.getShort(32) & 0xffff); // the comment
        var zip64 = zip64(extra);
        long size = wide(header.getInt(24), zip64);
        long packed = wide(header.getInt(20), zip64);
        long headerAt = wide(header.getInt(42), zip64);
        int method = header.getShort(10) & 0xffff;
        String what = "ZIP entry " + quote(name);
        if (!isPlain(name)) {
            throw file.bad(what + " has a name that points outside the archive, which is refused");
        }
        if ((header.getShort(8) & ENCRYPTED_FLAGS) != 0) {
            throw file.bad(what + " is encrypted; only plain files are read");
        }
        if (method != STORED && method != DEFLATED) {
            throw file.bad(what + " has compression method " + method + "; only 0 (stored) and 8 (deflate) are read");
        }
        if (size < 0 || packed < 0 || headerAt < 0 || packed > file.size() || (method == STORED && packed != size)) {
            throw file.bad(what + " claims " + packed + " bytes for " + size + " in a file of " + file.size()
                    + "; it is damaged, fetch or write it again");
        }
        boolean isLink = header.get(5) == MADE_ON_UNIX && (header.getInt(38) >>> Short.SIZE & UNIX_KIND) == UNIX_LINK;
        var entry = new Entry(name, method, header.getInt(16), packed, size, headerAt, isLink);
        if (entries.put(name, entry) != null) {
            throw file.bad(what + " is there twice, which is refused: readers disagree on which one counts");
        }
    }

    private ByteBuffer slice(ByteBuffer directory, int length) throws FileFormatException {
        if (length > directory.remaining()) {
            throw file.bad("has a ZIP directory that is cut short; fetch or write it again");
        }
        var slice = directory.slice(directory.position(), length).order(ByteOrder.LITTLE_ENDIAN);
        directory.position(directory.position() + length);
        return slice;
    }

    private static String text(ByteBuffer name) {
        return StandardCharsets.UTF_8.decode(name).toString();
    }

    /** The 64-bit values of an entry's extra field, empty if it has none. */
    private static ByteBuffer zip64(ByteBuffer extra) {
        while (extra.remaining() >= 4) {
            int id = extra.getShort() & 0xffff;
            int length = Math.min(extra.getShort() & 0xffff, extra.remaining());
            if (id == ZIP64_EXTRA) {
                return extra.slice(extra.position(), length).order(ByteOrder.LITTLE_ENDIAN);
            }
            extra.position(extra.position() + length);
        }
        return ByteBuffer.allocate(0);
    }

    private static long wide(int field, ByteBuffer zip64) {
        long value = field & IN_ZIP64;
        return value == IN_ZIP64 && zip64.remaining() >= Long.BYTES ? zip64.getLong() : value;
    }

    private static boolean isPlain(String name) {
        for (var part : name.split("/", -1)) {
            if (part.equals("..") || part.equals(".")) {
                return false;
            }
        }
        return !name.isEmpty() && !name.startsWith("/") && name.indexOf('\\') < 0 && name.indexOf('\0') < 0;
    }
}
