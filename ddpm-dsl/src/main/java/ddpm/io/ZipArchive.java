package ddpm.io;

import static ddpm.text.Untrusted.quote;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The contents of a ZIP file's entries. The JDK's own reader is not used because it hides where a stored entry's bytes
 * lie, which is what allows large tensors to be mapped, and because it accepts two entries of one name.
 */
final class ZipArchive {
    /** Bytes that deflated entries may inflate to in all: this, plus {@link #INFLATION} times the file. */
    private static final long FREE_INFLATION = 16 << 20;

    private static final int INFLATION = 4;
    private static final int LOCAL = 0x04034b50;
    private static final int CHUNK = 64 << 10;

    private final FileBytes file;
    private final ZipDirectory directory;
    private final Map<String, Long> verified = new HashMap<>();
    private final Map<String, ByteBuffer> inflated = new HashMap<>();
    private long inflation;

    ZipArchive(FileBytes file) throws IOException {
        this(file, new ZipDirectory(file));
    }

    /** @param directory of this file, read before */
    ZipArchive(FileBytes file, ZipDirectory directory) {
        this.file = file;
        this.directory = directory;
        this.inflation = FREE_INFLATION + INFLATION * file.size();
    }

    /** Entries by name, in the directory's order. Names are relative and without {@code ..}. */
    SequencedMap<String, ZipDirectory.Entry> entries() {
        return directory.entries();
    }

    /**
     * {@code length} bytes of an entry's contents from byte {@code offset}. The checksum of the whole entry is verified
     * before the first of them is handed out.
     */
    ByteBuffer view(ZipDirectory.Entry entry, long offset, int length) throws IOException {
        if (offset < 0 || length < 0 || offset > entry.size() - length) {
            throw file.bad("ZIP entry " + quote(entry.name()) + " has " + entry.size() + " bytes, not " + length
                    + " at byte " + offset);
        }
        if (!entry.isStored()) {
            return inflated(entry).slice((int) offset, length).order(ByteOrder.LITTLE_ENDIAN);
        }
        var start = verified.get(entry.name());
        if (start == null) {
            start = contentsAt(entry);
            verify(entry, start);
            verified.put(entry.name(), start);
        }
        return file.view(start + offset, length);
    }

    /** The local header repeats the name, then comes padding, then the contents. */
    private long contentsAt(ZipDirectory.Entry entry) throws IOException {
        var header = file.copy(entry.headerAt(), ZipDirectory.LOCAL_LENGTH);
        int nameLength = header.getShort(26) & 0xffff;
        long start = entry.headerAt() + ZipDirectory.LOCAL_LENGTH + nameLength + (header.getShort(28) & 0xffff);
        boolean agrees = header.getInt(0) == LOCAL
                && (header.getShort(8) & 0xffff) == entry.method()
                && StandardCharsets.UTF_8
                        .decode(file.copy(entry.headerAt() + ZipDirectory.LOCAL_LENGTH, nameLength))
                        .toString()
                        .equals(entry.name());
        if (!agrees || start > directory.at() - entry.packed()) {
            throw file.bad("ZIP entry " + quote(entry.name()) + " is not where the directory says, or is cut short; "
                    + "fetch or write the file again");
        }
        return start;
    }

    private void verify(ZipDirectory.Entry entry, long start) throws IOException {
        if (entry.crc() == 0) {
            return; // torch.save with compute_crc32 off; a true checksum of 0 has one chance in 2^32
        }
        var crc = new CRC32();
        for (long done = 0; done < entry.size(); done += CHUNK) {
            crc.update(file.copy(start + done, (int) Math.min(CHUNK, entry.size() - done)));
        }
        requireChecksum(entry, crc);
    }

    private void requireChecksum(ZipDirectory.Entry entry, CRC32 crc) throws FileFormatException {
        if (entry.crc() != 0 && (int) crc.getValue() != entry.crc()) {
            throw file.bad("ZIP entry " + quote(entry.name())
                    + " does not match its checksum, so the file is damaged; fetch or write it again");
        }
    }

    private ByteBuffer inflated(ZipDirectory.Entry entry) throws IOException {
        var known = inflated.get(entry.name());
        if (known != null) {
            return known;
        }
        inflation -= entry.size();
        if (inflation < 0 || entry.size() > Integer.MAX_VALUE) {
            throw file.bad("ZIP entry " + quote(entry.name()) + " inflates from " + entry.packed() + " to "
                    + entry.size() + " bytes, more than is allowed for compressed tensors; save it uncompressed, as "
                    + "torch.save does");
        }
        var contents = checked(entry, inflate(entry));
        inflated.put(entry.name(), contents);
        return contents;
    }

    /** All contents of an entry below 2 GiB, whose size the caller has judged. */
    byte[] contents(ZipDirectory.Entry entry) throws IOException {
        var contents = entry.isStored() ? file.copy(contentsAt(entry), Math.toIntExact(entry.size())) : inflate(entry);
        return checked(entry, contents).array();
    }

    private ByteBuffer checked(ZipDirectory.Entry entry, ByteBuffer contents) throws IOException {
        var crc = new CRC32();
        crc.update(contents.duplicate());
        requireChecksum(entry, crc);
        return contents;
    }

    private ByteBuffer inflate(ZipDirectory.Entry entry) throws IOException {
        long start = contentsAt(entry);
        var contents = ByteBuffer.allocate((int) entry.size());
        var inflater = new Inflater(true);
        try {
            long read = 0;
            boolean progress = true;
            while (progress && !inflater.finished()) {
                boolean fed = inflater.needsInput() && read < entry.packed();
                if (fed) {
                    int chunk = (int) Math.min(CHUNK, entry.packed() - read);
                    inflater.setInput(file.copy(start + read, chunk));
                    read += chunk;
                }
                progress = inflater.inflate(contents) > 0 || fed; // none: more output than declared, or no more input
            }
            if (!inflater.finished() || contents.hasRemaining()) {
                throw file.bad("ZIP entry " + quote(entry.name()) + " does not inflate to its " + entry.size()
                        + " bytes; fetch or write the file again");
            }
        } catch (DataFormatException damaged) {
            throw new FileFormatException(
                    file.path(), "ZIP entry " + quote(entry.name()) + " is not valid deflate data", damaged);
        } finally {
            inflater.end();
        }
        return contents.flip();
    }
}
