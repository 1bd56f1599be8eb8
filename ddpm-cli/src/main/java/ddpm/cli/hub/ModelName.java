package ddpm.cli.hub;

import ddpm.cli.console.Console;
import ddpm.model.hub.Hub;
import ddpm.model.hub.HubId;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;

/**
 * A model as the command line names it.
 *
 * @param text a path, or a hub id
 */
public record ModelName(String text) {
    /** The forms, for {@code --help}. */
    public static final String FORMS =
            "A .safetensors or .pt file, a folder of diffusers, or a model of the Hugging Face hub: google/ddpm-cifar10-32,"
                    + " which hf:// may precede and @REVISION may follow";

    /** @throws IllegalArgumentException if it is neither */
    public ModelName {
        if (text.isBlank()) {
            throw new IllegalArgumentException("'" + text + "' names no model; name a file, a folder or a hub id");
        }
        if (HubId.of(text).isEmpty()) {
            try {
                Path.of(text);
            } catch (InvalidPathException e) {
                throw new IllegalArgumentException("'" + text + "' is no path: " + e.getReason(), e);
            }
        }
    }

    /**
     * Finds the file or folder, which for a model of the hub is fetched if need be.
     *
     * @param console says which model was taken, and shows the bytes that arrive
     */
    public Path path(Console console) throws IOException {
        return path(console, System.getenv());
    }

    Path path(Console console, Map<String, String> environment) throws IOException {
        var id = HubId.of(text);
        if (id.isPresent()) {
            return fetch(id.get(), Hub.of(environment), console);
        }
        var path = Path.of(text);
        if (couldBeId()) {
            if (!Files.exists(path)) {
                throw new IOException(
                        text + ": there is no such file or folder; for a model of the hub write hf://" + text);
            }
            console.note("model: " + text + " in this folder; hf://" + text + " would be the hub's");
        }
        return path;
    }

    private boolean couldBeId() {
        try {
            return text.indexOf('/') > 0 && HubId.of("hf://" + text).isPresent() && !text.matches(".*\\.[a-z]+");
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    static Path fetch(HubId id, Hub hub, Console console) throws IOException {
        try {
            return hub.withReports(
                            console::note,
                            (name, bytes, total) ->
                                    console.status(name + ": " + bytes + (total < 0 ? "" : " of " + total) + " bytes"))
                    .fetch(id);
        } catch (InterruptedIOException e) {
            var cancelled =
                    new CancellationException("interrupted; what arrived is kept, and the same command goes on");
            cancelled.initCause(e);
            throw cancelled;
        } finally {
            console.status("");
        }
    }

    /** The last name, for pictures and messages. */
    public String shortName() {
        Optional<HubId> id = HubId.of(text);
        var path = Path.of(id.map(HubId::repository).orElse(text));
        return path.toAbsolutePath().normalize().getFileName().toString();
    }
}
