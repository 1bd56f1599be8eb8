package ddpm.model;

import ddpm.io.TensorFile;
import ddpm.io.TensorFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * The small trained model inside this library's jar. What it draws and how well is for its card to say: nothing here or
 * in the command line knows its channels, size or network.
 */
public final class DefaultModel {
    private static final String RESOURCE = "default-model.safetensors";

    /** Its name in messages. */
    private static final Path NAME = Path.of(RESOURCE);

    private DefaultModel() {}

    /**
     * Its tensors and metadata, like {@link TensorFiles#open}; needs no libtorch.
     *
     * @throws IOException if the jar is damaged or was packed without it
     */
    public static TensorFile open() throws IOException {
        try (var in = DefaultModel.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IOException("this build has no " + RESOURCE
                        + " inside; name a model file, or build the jar from a complete checkout");
            }
            return TensorFiles.open(NAME, ByteBuffer.wrap(in.readAllBytes()));
        }
    }
}
