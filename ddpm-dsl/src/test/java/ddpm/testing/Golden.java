package ddpm.testing;

import java.net.URISyntaxException;
import java.nio.file.Path;

/** Reference files made with public DDPM code and PyTorch, under {@code src/test/resources/golden}. */
public final class Golden {
    private Golden() {}

    /** The file or folder at this path below {@code golden/}. */
    public static Path path(String relative) {
        var resource = Golden.class.getResource("/golden/" + relative);
        if (resource == null) {
            throw new IllegalArgumentException("no reference file golden/" + relative + " on the class path");
        }
        try {
            return Path.of(resource.toURI());
        } catch (URISyntaxException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
