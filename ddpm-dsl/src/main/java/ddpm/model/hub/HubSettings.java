package ddpm.model.hub;

import static ddpm.text.Untrusted.quote;

import ddpm.http.Network;
import ddpm.text.Reason;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Which hub is asked, as whom, and where its models are kept: by the variables that Python's {@code huggingface_hub} reads.
 *
 * @param endpoint {@code https://huggingface.co}, or a mirror
 * @param cache the folder of all models
 * @param token null for nobody's
 * @param tokenSource the variable or the file that it came from, or why there is none
 * @param offline whether the network is left alone
 */
public record HubSettings(
        URI endpoint, Path cache, String token, String tokenSource, boolean offline, Network network) {
    private static final Set<String> TRUE = Set.of("1", "on", "yes", "true");

    /**
     * Reads HF_ENDPOINT, HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, HF_TOKEN, HF_TOKEN_PATH,
     * HF_HUB_DISABLE_IMPLICIT_TOKEN, HF_HUB_OFFLINE, and those of {@link Network#of}.
     *
     * @throws IllegalArgumentException if one of them cannot be used; names it
     * @throws IOException if there is a file with a token that cannot be read
     */
    public static HubSettings of(Map<String, String> environment) throws IOException {
        var user = environment.getOrDefault("HOME", System.getProperty("user.home"));
        var caches = path(environment, "XDG_CACHE_HOME", user, Path.of(user, ".cache"));
        var home = path(environment, "HF_HOME", user, caches.resolve("huggingface"));
        var old = path(environment, "HUGGINGFACE_HUB_CACHE", user, home.resolve("hub"));
        var cache = path(environment, "HF_HUB_CACHE", user, old);
        var file = path(environment, "HF_TOKEN_PATH", user, home.resolve("token"));

        String token = null;
        var source = "no token";
        if (isTrue(environment, "HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
            source = "no token (HF_HUB_DISABLE_IMPLICIT_TOKEN)";
        } else if (!environment.getOrDefault("HF_TOKEN", "").isBlank()) {
            source = "HF_TOKEN";
            token = token(source, environment.get("HF_TOKEN"));
        } else if (Files.isRegularFile(file)) {
            token = token(file.toString(), read(file));
            source = token == null ? source : file.toString();
        }
        boolean offline = isTrue(environment, "HF_HUB_OFFLINE") || isTrue(environment, "TRANSFORMERS_OFFLINE");
        return new HubSettings(endpoint(environment), cache, token, source, offline, Network.of(environment));
    }

    private static boolean isTrue(Map<String, String> environment, String name) {
        return TRUE.contains(environment.getOrDefault(name, "").strip().toLowerCase(Locale.ROOT));
    }

    private static Path path(Map<String, String> environment, String name, String user, Path orElse) {
        var text = environment.getOrDefault(name, "").strip();
        if (text.isEmpty()) {
            return orElse;
        }
        return text.equals("~") || text.startsWith("~/") ? Path.of(user + text.substring(1)) : Path.of(text);
    }

    private static String read(Path file) throws IOException {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new IOException(
                    "the token in " + file + " cannot be read (" + Reason.of(e) + "); correct it, or set HF_TOKEN", e);
        }
    }

    private static String token(String source, String text) {
        var token = text.strip();
        if (!token.matches("[\\x21-\\x7e]*")) { // which must not be shown
            throw new IllegalArgumentException(
                    source + " holds something other than a token; write the token alone, one line of ASCII");
        }
        return token.isEmpty() ? null : token;
    }

    private static URI endpoint(Map<String, String> environment) {
        var text = environment.getOrDefault("HF_ENDPOINT", "").strip();
        if (text.isEmpty()) {
            return URI.create("https://huggingface.co");
        }
        try {
            var uri = URI.create(text.replaceFirst("/+$", ""));
            if (Set.of("http", "https").contains(String.valueOf(uri.getScheme())) && uri.getHost() != null) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // said below
        }
        throw new IllegalArgumentException(
                "HF_ENDPOINT is " + quote(text) + "; it must be a hub's address such as https://huggingface.co");
    }

    /** Describes what applies, but for the token itself. */
    public String describe() {
        return (offline ? "offline (HF_HUB_OFFLINE), models of " : "models of ") + endpoint + " in " + cache + ", "
                + (token == null ? tokenSource : "token of " + tokenSource);
    }

    /** Whose toString has no token. */
    @Override
    public String toString() {
        return describe();
    }
}
