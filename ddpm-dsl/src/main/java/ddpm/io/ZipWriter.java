package ddpm.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * A ZIP file of stored entries whose contents begin at multiples of 64 bytes, by padding in an extra field as
 * {@code torch.save} does, so that they can be mapped and used in place. It ends in ZIP64 form always, so there is no
 * size at which the layout changes.
 */
final class ZipWriter {
    private static final int ALIGNMENT = 64;
    private static final int LOCAL_LENGTH = 30;
    private static final int CENTRAL_LENGTH = 46;
    private static final int END_LENGTH = 56 + 20 + 22;
    private static final int ZIP64_EXTRA_LENGTH = 4 + Long.BYTES;
    private static final int PADDING_HEADER = 4;
    private static final short PADDING_EXTRA = 'F' | 'B' << 8;
    private static final short ZIP64_EXTRA = 1;
    private static final short VERSION = 45;
    private static final short UTF8_NAMES = 1 << 11;
    private static final short FIRST_DAY = 0x21; // 1980-01-01, so that equal contents give equal files
    private static final long IN_ZIP64 = 0xffffffffL;

    /** @param padding bytes of the local extra field, with its own header */
    private record Entry(byte[] name, ByteBuffer contents, int crc, long at, int padding) {
        /** An offset that 32 bits cannot hold goes into an extra field of the directory. */
        boolean isFar() {
            return at >= IN_ZIP64;
        }
    }

    private final List<Entry> entries = new ArrayList<>();
    private long end;
    private long directoryLength;

    /** @param contents all remaining bytes; they must not change until the file is written */
    void add(String name, ByteBuffer contents) {
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        var crc = new CRC32();
        crc.update(contents.duplicate());
        long unpadded = end + LOCAL_LENGTH + utf8.length + PADDING_HEADER;
        int padding = PADDING_HEADER + (int) Math.floorMod(-unpadded, (long) ALIGNMENT);
        var entry = new Entry(utf8, contents.slice(), (int) crc.getValue(), end, padding);
        entries.add(entry);
        end += LOCAL_LENGTH + utf8.length + padding + (long) contents.remaining();
        directoryLength += CENTRAL_LENGTH + utf8.length + (entry.isFar() ? ZIP64_EXTRA_LENGTH : 0);
    }

    /** Length of the whole file in bytes. */
    long size() {
        return end + directoryLength + END_LENGTH;
    }

    void writeTo(WritableByteChannel out) throws IOException {
        for (var entry : entries) {
            out.write(local(entry));
            out.write(entry.contents().duplicate());
        }
        for (var entry : entries) {
            out.write(central(entry));
        }
        out.write(end());
    }

    private static ByteBuffer little(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer local(Entry entry) {
        var header = little(LOCAL_LENGTH + entry.name().length + entry.padding());
        header.putInt(0x04034b50).putShort(VERSION);
        putCommon(header, entry);
        header.putShort((short) entry.padding()).put(entry.name());
        header.putShort(PADDING_EXTRA).putShort((short) (entry.padding() - PADDING_HEADER));
        while (header.hasRemaining()) {
            header.put((byte) 'Z');
        }
        return header.flip();
    }

    /** Writes the fields that both headers of an entry share: flags, method, time, checksum, sizes, length of the name. */
    private static void putCommon(ByteBuffer header, Entry entry) {
        int size = entry.contents().remaining();
        header.putShort(UTF8_NAMES).putShort((short) 0).putShort((short) 0).putShort(FIRST_DAY);
        header.putInt(entry.crc()).putInt(size).putInt(size).putShort((short) entry.name().length);
    }

    private static ByteBuffer central(Entry entry) {
        int extra = entry.isFar() ? ZIP64_EXTRA_LENGTH : 0;
        var header = little(CENTRAL_LENGTH + entry.name().length + extra);
        header.putInt(0x02014b50).putShort(VERSION).putShort(VERSION);
        putCommon(header, entry);
        header.putShort((short) extra);
        header.position(header.position() + 10); // comment, disk, attributes: none
        header.putInt((int) Math.min(entry.at(), IN_ZIP64)).put(entry.name());
        if (entry.isFar()) {
            header.putShort(ZIP64_EXTRA).putShort((short) Long.BYTES).putLong(entry.at());
        }
        return header.flip();
    }

    /** The ZIP64 end, its locator, and the classic end, whose fields saturate. */
    private ByteBuffer end() {
        var record = little(END_LENGTH);
        record.putInt(0x06064b50).putLong(56 - 12).putShort(VERSION).putShort(VERSION);
        record.putInt(0).putInt(0).putLong(entries.size()).putLong(entries.size());
        record.putLong(directoryLength).putLong(end);
        record.putInt(0x07064b50).putInt(0).putLong(end + directoryLength).putInt(1);
        short count = (short) Math.min(entries.size(), 0xffff);
        record.putInt(0x06054b50)
                .putShort((short) 0)
                .putShort((short) 0)
                .putShort(count)
                .putShort(count);
        record.putInt((int) Math.min(directoryLength, IN_ZIP64)).putInt((int) Math.min(end, IN_ZIP64));
        return record.putShort((short) 0).flip();
    }
}
