package ddpm.data;

import ddpm.testing.NpyFile;
import java.io.IOException;
import java.nio.file.Path;

/** Arrays that Pillow wrote; src/test/resources/golden/pil/README.md says which version and how. */
final class Pillow {
    private Pillow() {}

    static byte[] bytes(String name) throws IOException {
        long[] values = npy(name).longs();
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    private static NpyFile npy(String name) throws IOException {
        return NpyFile.read(Path.of("src/test/resources/golden/pil").resolve(name + ".npy"));
    }
}
