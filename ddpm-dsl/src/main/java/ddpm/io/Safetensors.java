package ddpm.io;

import static ddpm.text.Untrusted.quote;

import com.fasterxml.jackson.core.JsonFactory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;

/**
 * Hugging Face's safetensors: 8 bytes of header length, a JSON header, then the tensors' bytes with no gaps.
 *
 * <p>Large tensors are mapped, not copied, so a file may be larger than memory; one tensor may have up to 2 GiB. A file
 * that has been read must be replaced (as all writers here do), not changed in place, while its tensors are in use.
 */
public final class Safetensors {
    /** The end of a file's name that is the index of a sharded model. */
    public static final String INDEX_SUFFIX = ".safetensors.index.json";

    /**
     * A file's tensors in the order of its header, those of types that are not read apart, and its {@code __metadata__}
     * (free text by name, often {@code format=pt}).
     */
    public record Contents(
            SequencedMap<String, StoredTensor> tensors,
            SequencedMap<String, UnreadTensor> unread,
            Map<String, String> metadata) {
        public Contents {
            tensors = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(tensors));
            unread = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(unread));
            metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
        }

        /** The names of all tensors, read or not. */
        Set<String> names() {
            var names = new LinkedHashSet<>(tensors.keySet());
            names.addAll(unread.keySet());
            return names;
        }
    }

    private Safetensors() {}

    /**
     * Reads one file, or all shards of a {@code *.safetensors.index.json} in the order of its weight map.
     *
     * @throws FileFormatException if anything in the file contradicts the format or its length, or a tensor has an
     *     element type that the format has not
     * @throws IOException if a file cannot be reached
     */
    public static Contents read(Path file) throws IOException {
        if (file.toString().endsWith(INDEX_SUFFIX)) {
            return SafetensorsIndex.read(file);
        }
        try (var bytes = FileBytes.open(file)) {
            return read(bytes);
        }
    }

    /**
     * Reads one file that lies in memory, such as a resource of a jar. Its tensors are views of {@code bytes}.
     *
     * @param name what messages call it
     * @throws FileFormatException as {@link #read(Path)}
     */
    public static Contents read(Path name, ByteBuffer bytes) throws IOException {
        return read(FileBytes.inMemory(name, bytes));
    }

    static Contents read(FileBytes bytes) throws IOException {
        var header = SafetensorsHeader.read(bytes);
        var tensors = new LinkedHashMap<String, StoredTensor>();
        var unread = new LinkedHashMap<String, UnreadTensor>();
        for (var entry : header.entries().entrySet()) {
            var at = entry.getValue();
            if (at.dtype() == null) {
                unread.put(entry.getKey(), new UnreadTensor(at.type(), at.shape()));
                continue;
            }
            long length = at.end() - at.begin();
            if (length > Integer.MAX_VALUE) {
                throw bytes.bad("tensor " + quote(entry.getKey()) + " has " + length
                        + " bytes; one tensor may have at most " + Integer.MAX_VALUE + ", so split it");
            }
            var data = bytes.view(header.dataStart() + at.begin(), (int) length);
            tensors.put(entry.getKey(), new StoredTensor(at.dtype(), at.shape(), data));
        }
        return new Contents(tensors, unread, header.metadata());
    }

    /**
     * Writes {@code tensors}, whole or not at all. Equal input gives equal bytes: entries are laid out by element size
     * descending, then by name, as the reference writer does, which keeps every tensor aligned to its element size.
     *
     * @throws IllegalArgumentException for a tensor named {@code __metadata__}, a name that the format reserves
     * @throws IOException if the file could not be written; the old one is then as it was
     */
    public static void write(Path file, Map<String, StoredTensor> tensors, Map<String, String> metadata)
            throws IOException {
        if (tensors.containsKey(SafetensorsHeader.METADATA)) {
            throw new IllegalArgumentException(
                    "no tensor may be named __metadata__, which safetensors reserves; rename it");
        }
        List<String> names = new ArrayList<>(tensors.keySet());
        names.sort(
                Comparator.comparing((String name) -> -tensors.get(name).dtype().bytes())
                        .thenComparing(Comparator.naturalOrder()));
        byte[] header = header(names, tensors, metadata);
        long size = Long.BYTES + header.length;
        for (var tensor : tensors.values()) {
            size += tensor.data().remaining();
        }
        WholeFile.write(file, size, out -> {
            var length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            out.write(length.putLong(header.length).flip());
            out.write(ByteBuffer.wrap(header));
            for (var name : names) {
                out.write(tensors.get(name).data());
            }
        });
    }

    private static byte[] header(List<String> names, Map<String, StoredTensor> tensors, Map<String, String> metadata)
            throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var json = new JsonFactory().createGenerator(bytes)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectFieldStart(SafetensorsHeader.METADATA);
                for (var entry : new TreeMap<>(metadata).entrySet()) {
                    json.writeStringField(entry.getKey(), entry.getValue());
                }
                json.writeEndObject();
            }
            long offset = 0;
            for (var name : names) {
                var tensor = tensors.get(name);
                long end = offset + tensor.data().remaining();
                json.writeObjectFieldStart(name);
                json.writeStringField("dtype", SafetensorsHeader.nameOf(tensor.dtype()));
                json.writeFieldName("shape");
                long[] shape = tensor.shape().toArray();
                json.writeArray(shape, 0, shape.length);
                json.writeFieldName("data_offsets");
                json.writeArray(new long[] {offset, end}, 0, 2);
                json.writeEndObject();
                offset = end;
            }
            json.writeEndObject();
        }
        while (bytes.size() % Long.BYTES != 0) {
            bytes.write(' '); // so that the data after the 8 + n bytes starts aligned
        }
        return bytes.toByteArray();
    }
}
