package ddpm.io;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * One message in protobuf's wire format, field by field. Buffers stay where they lie until the message is written, so one
 * of mapped tensors takes no memory for them, and its length is counted in 64 bits.
 */
public final class ProtoMessage {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int LENGTH = 2;
    private static final int FIXED32 = 5;

    /** All that came before what lies in {@link #small}. */
    private final List<ByteBuffer> parts = new ArrayList<>();

    private ByteArrayOutputStream small = new ByteArrayOutputStream();
    private long length;

    /** An empty message. */
    public ProtoMessage() {}

    /** Appends an integer, boolean or constant of an enum. */
    public ProtoMessage varint(int field, long value) {
        tag(field, VARINT);
        varint(value);
        return this;
    }

    public ProtoMessage float32(int field, float value) {
        tag(field, FIXED32);
        small.writeBytes(little(Float.BYTES).putFloat(value).array());
        return this;
    }

    public ProtoMessage float64(int field, double value) {
        tag(field, FIXED64);
        small.writeBytes(little(Double.BYTES).putDouble(value).array());
        return this;
    }

    public ProtoMessage bytes(int field, byte[] value) {
        header(field, value.length);
        small.writeBytes(value);
        return this;
    }

    /** @param value all remaining bytes; they must not change until the message is written */
    public ProtoMessage bytes(int field, ByteBuffer value) {
        header(field, value.remaining());
        append(value.slice());
        return this;
    }

    /** Appends text, as UTF-8. */
    public ProtoMessage text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    /** @param value what it holds now */
    public ProtoMessage message(int field, ProtoMessage value) {
        header(field, value.length());
        value.parts.forEach(this::append);
        small.writeBytes(value.small.toByteArray());
        return this;
    }

    /** Bytes of the whole message. */
    public long length() {
        return length + small.size();
    }

    public void writeTo(WritableByteChannel out) throws IOException {
        flush();
        for (var part : parts) {
            var rest = part.duplicate();
            while (rest.hasRemaining()) {
                out.write(rest);
            }
        }
    }

    /** The whole message, which is shorter than 2 GiB. */
    public byte[] toBytes() {
        flush();
        var bytes = ByteBuffer.allocate(Math.toIntExact(length));
        parts.forEach(part -> bytes.put(part.duplicate()));
        return bytes.array();
    }

    private void append(ByteBuffer part) {
        flush();
        parts.add(part);
        length += part.remaining();
    }

    private void flush() {
        if (small.size() > 0) {
            var part = ByteBuffer.wrap(small.toByteArray());
            small = new ByteArrayOutputStream();
            parts.add(part);
            length += part.remaining();
        }
    }

    private void header(int field, long bytes) {
        tag(field, LENGTH);
        varint(bytes);
    }

    private void tag(int field, int type) {
        varint((long) field << 3 | type);
    }

    private void varint(long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            small.write((int) (rest & 0x7F | 0x80));
            rest >>>= 7;
        }
        small.write((int) rest);
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
