package ddpm.torch.natives;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Where this user's caches live. The first of these that is set and not blank:
 *
 * <ol>
 *   <li>system property {@code ddpm.cache};
 *   <li>environment variable {@code DDPM_CACHE};
 *   <li>the platform's habit: {@code $XDG_CACHE_HOME/ddpm} or {@code ~/.cache/ddpm}, {@code ~/Library/Caches/ddpm} on
 *       macOS, {@code %LOCALAPPDATA%\ddpm} on Windows.
 * </ol>
 */
public final class CacheRoot {
    /** What every message about an unusable cache ends with. */
    static final String REMEDY = "Set DDPM_CACHE (or -Dddpm.cache=...) to a folder that you can write to";

    private CacheRoot() {}

    /**
     * Finds this process's cache root.
     *
     * @return an absolute path; it need not exist yet
     * @throws IOException if the value is no path, or nothing says where the user's home is
     */
    public static Path ofThisUser() throws IOException {
        return resolve(System.getenv(), System::getProperty);
    }

    /**
     * @param environment the environment variables
     * @param properties the system properties by name, {@code null} where unset; {@code os.name} chooses the habit
     * @return the absolute cache root
     * @throws IOException if the value is no path, or nothing says where the user's home is
     */
    static Path resolve(Map<String, String> environment, UnaryOperator<String> properties) throws IOException {
        if (isSet(properties.apply("ddpm.cache"))) {
            return path("system property ddpm.cache", properties.apply("ddpm.cache"));
        }
        if (isSet(environment.get("DDPM_CACHE"))) {
            return path("environment variable DDPM_CACHE", environment.get("DDPM_CACHE"));
        }
        String os = properties.apply("os.name");
        if (os.startsWith("Windows")) {
            String local = environment.get("LOCALAPPDATA");
            return isSet(local)
                    ? path("environment variable LOCALAPPDATA", local).resolve("ddpm")
                    : home(environment, properties).resolve("AppData/Local/ddpm");
        }
        if (os.startsWith("Mac")) {
            return home(environment, properties).resolve("Library/Caches/ddpm");
        }
        String xdg = environment.get("XDG_CACHE_HOME");
        // The XDG specification: a relative value is invalid and to be ignored.
        return isSet(xdg) && xdg.startsWith("/")
                ? path("environment variable XDG_CACHE_HOME", xdg).resolve("ddpm")
                : home(environment, properties).resolve(".cache/ddpm");
    }

    private static Path home(Map<String, String> environment, UnaryOperator<String> properties) throws IOException {
        if (isSet(environment.get("HOME"))) {
            return path("environment variable HOME", environment.get("HOME"));
        }
        String home = properties.apply("user.home");
        // The JVM says "?" for a user who has no home, such as an unlisted id in a container.
        if (!isSet(home) || home.equals("?")) {
            throw new IOException("This user has no home folder to keep libtorch's unpacked libraries in. " + REMEDY);
        }
        return path("system property user.home", home);
    }

    private static Path path(String origin, String value) throws IOException {
        try {
            return Path.of(value).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw new IOException("The " + origin + " is \"" + value + "\", which is no path. " + REMEDY, e);
        }
    }

    private static boolean isSet(String value) {
        return value != null && !value.isBlank();
    }
}
