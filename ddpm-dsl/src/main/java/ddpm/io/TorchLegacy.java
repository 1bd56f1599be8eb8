package ddpm.io;

import static ddpm.text.Untrusted.quote;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The layout of {@code torch.save} before 1.6, still written on request: five pickles (a magic number, a protocol number,
 * facts about the machine, the object, the storages' keys), then for each key the number of elements and the elements.
 * Numbers and elements are little-endian on every machine.
 */
final class TorchLegacy implements StorageBytes {
    /** The first pickle's value. */
    static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);

    private static final Long PROTOCOL = 1001L;

    private final FileBytes file;
    private final TorchReduce reduce;
    private final ByteBuffer head;
    private final Map<String, Long> storagesAt = new HashMap<>();

    private TorchLegacy(FileBytes file) throws IOException {
        this.file = file;
        this.reduce = new TorchReduce(file.path());
        this.head = file.view(0, (int) Math.min(file.size(), PickleReader.MAX_BYTES));
    }

    static Object read(FileBytes file) throws IOException {
        return new TorchLegacy(file).read();
    }

    private Object read() throws IOException {
        if (!MAGIC.equals(pickle())) {
            throw file.bad("is a Python pickle but not one that torch.save wrote; save the tensors with torch.save");
        }
        Object protocol = pickle();
        if (!PROTOCOL.equals(protocol)) {
            throw file.bad("has a legacy protocol other than " + PROTOCOL + "; load and save it with a newer PyTorch");
        }
        pickle(); // sizes of C types on the machine that wrote it: torch.load ignores them too
        Object raw = pickle();
        locate(pickle());
        return new TorchTree(file.path(), new TorchTensors(file, this)).plain(raw);
    }

    private Object pickle() throws FileFormatException {
        return new PickleReader(file.path(), head, reduce).read();
    }

    /** Walks over the storages that follow the pickles, in the order of {@code keys}. */
    private void locate(Object keys) throws IOException {
        if (!(keys instanceof List<?> list) || list.size() != reduce.storages().size()) {
            throw file.bad("lists other storages than its tensors use; it is damaged, write it again");
        }
        long at = head.position();
        for (var key : list) {
            var storage = key instanceof String ? reduce.storages().get(key) : null;
            if (storage == null || storagesAt.containsKey(storage.key())) {
                throw file.bad("lists a storage that no tensor uses, or one twice; it is damaged, write it again");
            }
            long numel = file.copy(at, Long.BYTES).getLong();
            at += Long.BYTES;
            if (numel != storage.numel() || storage.bytes() > file.size() - at) {
                throw file.bad("storage " + quote(storage.key()) + " should have " + storage.numel() + " elements of "
                        + storage.dtype() + " but " + numel + " are announced and " + (file.size() - at)
                        + " bytes remain; the file is cut short or damaged, fetch or write it again");
            }
            storagesAt.put(storage.key(), at);
            at += storage.bytes();
        }
        if (at != file.size()) {
            throw file.bad("has " + (file.size() - at) + " bytes after its last storage; one torch.save is one file");
        }
    }

    @Override
    public ByteOrder order() {
        return ByteOrder.LITTLE_ENDIAN;
    }

    @Override
    public ByteBuffer view(TorchStorage storage, long offset, int length) throws IOException {
        return file.view(storagesAt.get(storage.key()) + offset, length);
    }
}
