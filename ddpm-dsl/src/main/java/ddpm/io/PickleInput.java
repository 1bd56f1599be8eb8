package ddpm.io;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The bytes of a pickle and the numbers and text in them, with what reading them may cost. No declared length is believed
 * beyond the bytes that remain, so a lie costs no memory.
 *
 * <p>A pickle can do much with few bytes: make containers, recall a long text again and again, have it copied or hashed.
 * So each such act is paid for, in bytes of memory or of text that is looked at, out of an allowance of
 * {@value #PER_BYTE} for each byte of the pickle and {@value #FREE} besides. Real checkpoints need some 15 for a byte.
 */
final class PickleInput {
    private static final int MAX_INTEGER_BYTES = 256;
    private static final int MAX_LINE = 1000;
    private static final long PER_BYTE = 32;
    private static final long FREE = 16 << 20;

    private final Path file;
    private final ByteBuffer in;
    private long allowance;

    PickleInput(Path file, ByteBuffer pickle) {
        this.file = file;
        this.in = pickle.order(ByteOrder.LITTLE_ENDIAN);
        this.allowance = FREE + PER_BYTE * pickle.remaining();
    }

    /** Pays for {@code bytes} of memory or of text that is looked at again. */
    void spend(long bytes) throws FileFormatException {
        allowance -= bytes;
        if (allowance < 0) {
            throw bad("it asks for more memory or work than a checkpoint of its size has any use for");
        }
    }

    byte opcode() throws FileFormatException {
        need(1);
        return in.get();
    }

    void need(int bytes) throws FileFormatException {
        if (bytes > in.remaining()) {
            throw bad("it needs " + bytes + " more bytes where " + in.remaining() + " remain");
        }
    }

    int u1() throws FileFormatException {
        need(1);
        return in.get() & 0xff;
    }

    int u2() throws FileFormatException {
        need(2);
        return in.getShort() & 0xffff;
    }

    int int4() throws FileFormatException {
        need(4);
        return in.getInt();
    }

    int length4() throws FileFormatException {
        return remainingLength(Integer.toUnsignedLong(int4()));
    }

    int length8() throws FileFormatException {
        need(8);
        return remainingLength(in.getLong());
    }

    private int remainingLength(long length) throws FileFormatException {
        if (length < 0 || length > in.remaining()) {
            throw bad("it claims " + Long.toUnsignedString(length) + " bytes where " + in.remaining() + " remain");
        }
        return (int) length;
    }

    double float8() throws FileFormatException {
        need(8);
        return Double.longBitsToDouble(Long.reverseBytes(in.getLong())); // the one big-endian number in a pickle
    }

    Number integer(int length) throws FileFormatException {
        if (length > MAX_INTEGER_BYTES) {
            throw bad("it holds an integer of " + length + " bytes; " + MAX_INTEGER_BYTES + " are allowed");
        }
        byte[] littleEndian = array(length);
        byte[] bigEndian = new byte[length];
        for (int i = 0; i < length; i++) {
            bigEndian[i] = littleEndian[length - 1 - i];
        }
        var value = length == 0 ? BigInteger.ZERO : new BigInteger(bigEndian);
        return value.bitLength() < Long.SIZE ? (Number) value.longValue() : value;
    }

    private byte[] array(int length) throws FileFormatException {
        need(length);
        byte[] array = new byte[length];
        in.get(array);
        return array;
    }

    ByteBuffer bytes(int length) throws FileFormatException {
        return ByteBuffer.wrap(array(length)).asReadOnlyBuffer();
    }

    String text(int length) throws FileFormatException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(array(length)))
                    .toString();
        } catch (CharacterCodingException invalid) {
            throw bad("it holds text that is not UTF-8");
        }
    }

    String line() throws FileFormatException {
        int begin = in.position();
        for (int length = 0; length <= MAX_LINE; length++) {
            if (u1() == '\n') {
                in.position(begin);
                String line = text(length);
                in.get();
                return line;
            }
        }
        throw bad("it names a global in more than " + MAX_LINE + " characters");
    }

    FileFormatException bad(String reason) {
        return new FileFormatException(file, "its pickle is refused at byte " + in.position() + ": " + reason);
    }
}
