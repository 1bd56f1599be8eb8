package ddpm.io;

import static ddpm.text.Untrusted.quote;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The layout of {@code torch.save} since 1.6: a ZIP with one top folder that holds {@code data.pkl}, the storages as
 * {@code data/KEY}, and since 2.1 their {@code byteorder}.
 */
final class TorchZip implements StorageBytes {
    private static final int NEWEST_VERSION = 10;

    private final FileBytes file;
    private final ZipArchive zip;
    private final String folder;
    private final ByteOrder order;

    private TorchZip(FileBytes file) throws IOException {
        this.file = file;
        this.zip = new ZipArchive(file);
        this.folder = folder();
        if (zip.entries().containsKey(folder + "constants.pkl")) {
            throw file.bad("is a TorchScript program, not a file of tensors; in Python save its state_dict() instead");
        }
        requireVersion();
        this.order = byteOrder();
    }

    static Object read(FileBytes file) throws IOException {
        return new TorchZip(file).read();
    }

    private Object read() throws IOException {
        var entry = zip.entries().get(folder + "data.pkl");
        if (entry.size() > PickleReader.MAX_BYTES) {
            throw file.bad("has a pickle of " + entry.size() + " bytes; " + PickleReader.MAX_BYTES
                    + " are allowed outside the tensors");
        }
        var pickle = zip.view(entry, 0, (int) entry.size());
        Object raw = new PickleReader(file.path(), pickle, new TorchReduce(file.path())).read();
        if (pickle.hasRemaining()) {
            throw file.bad("has " + pickle.remaining() + " bytes after its pickle's end, which is refused");
        }
        return new TorchTree(file.path(), new TorchTensors(file, this)).plain(raw);
    }

    @Override
    public ByteOrder order() {
        return order;
    }

    @Override
    public ByteBuffer view(TorchStorage storage, long offset, int length) throws IOException {
        var entry = zip.entries().get(folder + "data/" + storage.key());
        if (entry == null) {
            throw file.bad("has no record for storage " + quote(storage.key()) + "; it is damaged, write it again");
        }
        if (entry.size() != storage.bytes()) {
            throw file.bad("storage " + quote(storage.key()) + " should have " + storage.numel() + " elements of "
                    + storage.dtype() + " but its record has " + entry.size() + " bytes");
        }
        return zip.view(entry, offset, length);
    }

    /** The one top folder, with a slash; its name is the name the file was saved under and means nothing. */
    private String folder() throws FileFormatException {
        String folder = null;
        for (var name : zip.entries().keySet()) {
            String top = name.substring(0, name.indexOf('/') + 1);
            if (top.isEmpty() || (folder != null && !folder.equals(top))) {
                folder = null;
                break;
            }
            folder = top;
        }
        if (folder == null || !zip.entries().containsKey(folder + "data.pkl")) {
            throw file.bad("is a ZIP file but not one that torch.save wrote: it needs one top folder with a data.pkl");
        }
        return folder;
    }

    private void requireVersion() throws IOException {
        String version = record("version", "3");
        if (!version.matches("[0-9]{1,4}") || Integer.parseInt(version) > NEWEST_VERSION) {
            throw file.bad("has format version " + quote(version) + "; versions up to " + NEWEST_VERSION + " are read");
        }
    }

    private ByteOrder byteOrder() throws IOException {
        String order = record("byteorder", "little");
        return switch (order) {
            case "little" -> ByteOrder.LITTLE_ENDIAN;
            case "big" -> ByteOrder.BIG_ENDIAN;
            default -> throw file.bad("has byte order " + quote(order) + "; only little and big exist");
        };
    }

    private String record(String name, String otherwise) throws IOException {
        var entry = zip.entries().get(folder + name);
        if (entry == null) {
            return otherwise;
        }
        int length = (int) Math.min(entry.size(), 64);
        return StandardCharsets.UTF_8
                .decode(zip.view(entry, 0, length))
                .toString()
                .strip();
    }
}
