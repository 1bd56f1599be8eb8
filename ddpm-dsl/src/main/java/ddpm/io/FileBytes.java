package ddpm.io;

import ddpm.text.JsonException;
import ddpm.text.JsonObject;
import ddpm.text.StrictJson;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Function;

/**
 * Read-only access to a file of any length by position, with every range checked against the file's size before memory
 * is taken for it. The file may also lie in memory already, as one inside a jar must.
 */
public final class FileBytes implements Closeable {
    /** Below this a copy is cheaper than a mapping, of which Linux grants a process 65530. */
    private static final int MAPPED_FROM = 1 << 20;

    private final Path path;
    /** Null for a file in memory. */
    private final FileChannel channel;
    /** Null for a file on a disk. */
    private final ByteBuffer memory;

    private final long size;

    private FileBytes(Path path, FileChannel channel, ByteBuffer memory, long size) {
        this.path = path;
        this.channel = channel;
        this.memory = memory;
        this.size = size;
    }

    /** @param name what messages call the file that {@code bytes}, position to limit, hold */
    static FileBytes inMemory(Path name, ByteBuffer bytes) {
        var memory = bytes.asReadOnlyBuffer().slice();
        return new FileBytes(name, null, memory, memory.capacity());
    }

    /**
     * @throws NoSuchFileException if there is no such file
     * @throws FileFormatException if it is a folder, a pipe or a device, which have no bytes to check beforehand
     */
    static FileBytes open(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            throw new FileFormatException(
                    path,
                    "is a folder; name the file with the tensors inside it, for instance one *.safetensors or *.pt");
        }
        if (Files.notExists(path)) {
            throw new NoSuchFileException(path.toString(), null, "there is no such file; check the path");
        }
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new FileFormatException(path, "is not a regular file; pipes and devices cannot be read as tensors");
        }
        var channel = FileChannel.open(path, StandardOpenOption.READ);
        try {
            return new FileBytes(path, channel, null, channel.size());
        } catch (IOException failed) {
            channel.close();
            throw failed;
        }
    }

    Path path() {
        return path;
    }

    long size() {
        return size;
    }

    /** {@code length} bytes from {@code offset}, little-endian: a copy when they are few, otherwise a mapping. */
    ByteBuffer view(long offset, int length) throws IOException {
        requireInside(offset, length);
        if (memory != null) {
            return memory.slice((int) offset, length).order(ByteOrder.LITTLE_ENDIAN);
        }
        if (length < MAPPED_FROM) {
            return copy(offset, length);
        }
        return channel.map(FileChannel.MapMode.READ_ONLY, offset, length).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** {@code length} bytes from {@code offset}, copied to the heap. Little-endian, position 0. */
    ByteBuffer copy(long offset, int length) throws IOException {
        requireInside(offset, length);
        var bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        if (memory != null) {
            return bytes.put(memory.slice((int) offset, length)).flip();
        }
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, offset + bytes.position()) < 0) {
                throw bad("became shorter while it was read; read it again when its writer is done");
            }
        }
        return bytes.flip();
    }

    private void requireInside(long offset, long length) throws FileFormatException {
        if (offset < 0 || length < 0 || offset > size - length) {
            throw bad("is cut short or damaged: " + length + " bytes are expected at byte " + offset
                    + " but the file has " + size + "; fetch or write it again");
        }
    }

    /**
     * Reads a file that is one JSON object.
     *
     * @throws FileFormatException if it is none, or {@code reading} refuses what is in it by an {@link
     *     IllegalArgumentException}, whose message is kept
     */
    public static <T> T readJson(Path file, String what, Function<JsonObject, T> reading) throws IOException {
        try (var bytes = open(file)) {
            if (bytes.size() > JsonObject.MAX_CHARACTERS) {
                throw bytes.bad("has " + bytes.size() + " bytes; " + what + " may have " + JsonObject.MAX_CHARACTERS);
            }
            return reading.apply(bytes.json(what, 0, bytes.size(), json -> JsonObject.read(what, json)));
        } catch (IllegalArgumentException e) {
            throw new FileFormatException(file, e.getMessage(), e);
        }
    }

    /**
     * Reads a file that is text in UTF-8.
     *
     * @param what the text, for messages
     * @param mostBytes how long it may be
     * @throws FileFormatException if it is longer, or no such text
     */
    public static String readText(Path file, String what, int mostBytes) throws IOException {
        try (var bytes = open(file)) {
            if (bytes.size() > mostBytes) {
                throw bytes.bad("has " + bytes.size() + " bytes; " + what + " may have " + mostBytes);
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(bytes.copy(0, (int) bytes.size()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new FileFormatException(file, "is not valid UTF-8; fetch or write the file again", e);
        }
    }

    /**
     * Reads a part of the file as one JSON value.
     *
     * @param what the part, for messages, e.g. {@code "the header"}
     * @throws FileFormatException if it is longer than {@link StrictJson#MAX_BYTES}, or no such value
     */
    <T> T json(String what, long offset, long length, StrictJson.Reading<T> reading) throws IOException {
        if (length > StrictJson.MAX_BYTES) {
            throw bad("has " + length + " bytes of JSON; " + what + " may have " + StrictJson.MAX_BYTES);
        }
        try {
            return StrictJson.read(what, copy(offset, (int) length), reading);
        } catch (JsonException e) {
            throw new FileFormatException(path, e.getMessage(), e);
        } catch (OutOfMemoryError e) {
            throw tooLarge(e);
        }
    }

    /** The refusal of a file that Java's heap is too small for. */
    FileFormatException tooLarge(OutOfMemoryError cause) {
        return new FileFormatException(
                path,
                "has " + size + " bytes and takes more memory to read than Java may use ("
                        + (Runtime.getRuntime().maxMemory() >> 20) + " MiB); raise -Xmx",
                cause);
    }

    FileFormatException bad(String reason) {
        return new FileFormatException(path, reason);
    }

    @Override
    public void close() throws IOException {
        if (channel != null) {
            channel.close();
        }
    }
}
