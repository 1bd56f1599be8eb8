package ddpm.torch.natives;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Checks a libtorch that is not ours before any of its code runs in this process. */
final class ExternalLibrary {
    private static final byte[] DISPATCHER = "torch_call_dispatcher".getBytes(StandardCharsets.US_ASCII);
    private static final Pattern VERSION = Pattern.compile("(\\d+\\.\\d+[\\w.+-]*)");

    private ExternalLibrary() {}

    /**
     * Refuses a library file without the C ABI of 2.10, naming its version where a file beside it tells.
     *
     * @throws IOException if it cannot be read or {@code torch_call_dispatcher} is not among its symbols
     */
    static void requireDispatcher(Path library) throws IOException {
        if (!contains(library, DISPATCHER)) {
            throw new IOException("the libtorch in " + library.getParent() + version(library)
                    + " is too old or not a libtorch: libtorch 2.10 or newer is needed (no torch_call_dispatcher in "
                    + library.getFileName() + ")");
        }
    }

    /** Looks through the file in pieces; the symbol names stand near its beginning, so a good one is found early. */
    private static boolean contains(Path file, byte[] wanted) throws IOException {
        var buffer = new byte[1 << 20];
        int held = 0;
        try (var in = Files.newInputStream(file)) {
            for (int read; (read = in.read(buffer, held, buffer.length - held)) > 0; ) {
                int length = held + read;
                if (indexOf(buffer, length, wanted) >= 0) {
                    return true;
                }
                held = Math.min(wanted.length - 1, length);
                System.arraycopy(buffer, length - held, buffer, 0, held);
            }
        } catch (IOException e) {
            throw new IOException("cannot read " + file + ": " + e.getMessage(), e);
        }
        return false;
    }

    private static int indexOf(byte[] text, int length, byte[] wanted) {
        for (int i = 0; i <= length - wanted.length; i++) {
            int j = 0;
            while (j < wanted.length && text[i + j] == wanted[j]) {
                j++;
            }
            if (j == wanted.length) {
                return i;
            }
        }
        return -1;
    }

    /** {@code " (version 1.13.1)"} from a pip package's version.py or a zip's build-version, or nothing. */
    private static String version(Path library) {
        var root = library.getParent().getParent();
        if (root != null) {
            for (var name : new String[] {"version.py", "build-version"}) {
                try {
                    var matcher = VERSION.matcher(Files.readString(root.resolve(name)));
                    if (matcher.find()) {
                        return " (version " + matcher.group(1) + ")";
                    }
                } catch (IOException | java.io.UncheckedIOException e) {
                    // No such file: the message does without a version.
                }
            }
        }
        return "";
    }
}
