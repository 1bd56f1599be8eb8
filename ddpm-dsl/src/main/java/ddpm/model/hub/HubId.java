package ddpm.model.hub;

import static ddpm.text.Untrusted.quote;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A model on a hub.
 *
 * @param repository {@code google/ddpm-cifar10-32}
 * @param revision a branch, a tag or a commit of 40 hexadecimal digits
 */
public record HubId(String repository, String revision) {
    /** The forms, for {@code --help} and messages. */
    public static final String FORMS = "OWNER/NAME, which hf:// may precede and @REVISION may follow";

    private static final String SCHEME = "hf://";
    private static final String MAIN = "main";
    private static final Pattern PART = Pattern.compile("[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?");
    private static final Pattern REVISION =
            Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*");
    private static final Pattern FILE = Pattern.compile("(?i).*\\.(safetensors|pt|pth|bin|ckpt|json|npz|zip|png)");

    /** @throws IllegalArgumentException if the hub can have no such model */
    public HubId {
        var parts = repository.split("/", -1);
        for (var part : parts) {
            if (parts.length > 2 || !PART.matcher(part).matches() || part.contains("--") || part.contains("..")) {
                throw new IllegalArgumentException(quote(repository) + " is no model's name on a hub; write " + FORMS);
            }
        }
        if (!REVISION.matcher(revision).matches() || revision.contains("..")) {
            throw new IllegalArgumentException(
                    quote(revision) + " is no revision; name a branch, a tag or a commit of 40 hexadecimal digits");
        }
    }

    /**
     * Reads one of the {@link #FORMS}.
     *
     * @throws IllegalArgumentException if it is none of them
     */
    public static HubId parse(String text) {
        var rest = text.startsWith(SCHEME) ? text.substring(SCHEME.length()) : text;
        int at = rest.indexOf('@');
        return at < 0 ? new HubId(rest, MAIN) : new HubId(rest.substring(0, at), rest.substring(at + 1));
    }

    /**
     * Decides whether a word means a model on a hub: {@code hf://...} does, and {@code OWNER/NAME} does unless a file or a
     * folder of that name is there, it has a file's extension, or OWNER is a folder here.
     *
     * @throws IllegalArgumentException if it begins with {@code hf://} and goes on wrongly
     */
    public static Optional<HubId> of(String text) {
        if (text.startsWith(SCHEME)) {
            return Optional.of(parse(text));
        }
        int slash = text.indexOf('/');
        if (slash <= 0 || FILE.matcher(text).matches()) {
            return Optional.empty();
        }
        try {
            boolean isLocal = Files.exists(Path.of(text)) || Files.isDirectory(Path.of(text.substring(0, slash)));
            return isLocal ? Optional.empty() : Optional.of(parse(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // a path to nothing
        }
    }

    boolean isCommit() {
        return revision.matches("[0-9a-f]{40}");
    }

    /** {@code google/ddpm-cifar10-32@v1}; nothing behind it for the main branch. */
    @Override
    public String toString() {
        return revision.equals(MAIN) ? repository : repository + "@" + revision;
    }
}
