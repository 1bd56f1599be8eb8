package ddpm.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Where the bytes of a PyTorch file's storages lie. */
interface StorageBytes {
    /** How multi-byte elements are stored. */
    ByteOrder order();

    /**
     * {@code length} bytes of a storage from byte {@code offset} of it, in {@link #order()}.
     *
     * @throws FileFormatException if the file does not hold exactly {@code storage.bytes()} bytes for it
     */
    ByteBuffer view(TorchStorage storage, long offset, int length) throws IOException;
}
