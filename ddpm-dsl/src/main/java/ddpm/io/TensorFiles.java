package ddpm.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/** The front door for tensors: any supported file in, tensors by name out. */
public final class TensorFiles {
    private TensorFiles() {}

    /**
     * The tensors of a file of any {@link TensorFormat}. Names of nested containers are joined by dots, so a state dict
     * keeps its names and {@code {"ema": state_dict}} has {@code ema.} before each.
     *
     * @throws FileFormatException if the file is of another kind (the message says which), damaged, refused for what is
     *     in it, or without a single tensor
     * @throws IOException if the file cannot be reached
     */
    public static SequencedMap<String, StoredTensor> read(Path file) throws IOException {
        var opened = open(file);
        if (opened.tensors().isEmpty()) {
            throw new FileFormatException(file, "is a " + opened.format() + " file without any tensors");
        }
        return opened.tensors();
    }

    /**
     * Opens a file of tensors with all that it holds beside them.
     *
     * @throws FileFormatException as {@link #read}, but a file without tensors is allowed
     */
    public static TensorFile open(Path file) throws IOException {
        if (file.toString().endsWith(Safetensors.INDEX_SUFFIX)) {
            return of(file, TensorFormat.SAFETENSORS_SHARDED, Safetensors.read(file));
        }
        try (var bytes = FileBytes.open(file)) {
            try {
                var kind = FileKind.of(bytes);
                return switch (kind) {
                    case SAFETENSORS -> of(file, TensorFormat.SAFETENSORS, Safetensors.read(bytes));
                    case ZIP, PICKLE -> of(file, bytes.size(), TorchFile.read(bytes, kind));
                    default -> throw refused(bytes, kind);
                };
            } catch (OutOfMemoryError e) {
                throw bytes.tooLarge(e);
            }
        }
    }

    /**
     * The tensors and metadata of a safetensors file that lies in memory, such as one inside a jar.
     *
     * @param name what messages call it
     */
    public static TensorFile open(Path name, ByteBuffer safetensors) throws IOException {
        return of(name, TensorFormat.SAFETENSORS, Safetensors.read(name, safetensors));
    }

    private static IOException refused(FileBytes bytes, FileKind kind) throws IOException {
        if (kind == FileKind.UNKNOWN && bytes.path().toString().endsWith(".safetensors")) {
            Safetensors.read(bytes); // knows better what is wrong with it
        }
        return bytes.bad("is " + kind + "; tensors are read from safetensors files and from files of torch.save");
    }

    private static TensorFile of(Path file, TensorFormat format, Safetensors.Contents contents) {
        return new TensorFile(
                file, format, contents.tensors(), new LinkedHashMap<>(contents.unread()), contents.metadata());
    }

    private static TensorFile of(Path file, long bytes, TorchFile.Contents contents) throws FileFormatException {
        var flat = FlatTree.of(file, bytes, contents.root());
        var format = contents.layout() == TorchFile.Layout.ZIP ? TensorFormat.TORCH_ZIP : TensorFormat.TORCH_LEGACY;
        return new TensorFile(file, format, flat.tensors(), flat.values(), Map.of());
    }
}
