package ddpm.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** The memory that the system lets this process take, beyond which it kills it without a word: a cgroup's, on Linux. */
public final class MemoryLimit {
    /** Version 1 says so where there is none. */
    private static final long UNLIMITED = 1L << 60;

    private MemoryLimit() {}

    /** The limit in bytes; empty where there is none, or nobody says. */
    public static OptionalLong bytes() {
        return bytes(Path.of("/proc/self/cgroup"), Path.of("/sys/fs/cgroup"));
    }

    /**
     * The smallest limit from the process's group up to the root.
     *
     * @param membership lines {@code id:controllers:path}, see cgroups(7)
     * @param mount where the hierarchies are mounted
     */
    static OptionalLong bytes(Path membership, Path mount) {
        long least = UNLIMITED;
        try {
            for (var line : Files.readAllLines(membership)) {
                var fields = line.split(":", 3);
                if (fields.length == 3 && fields[1].isEmpty()) {
                    least = Math.min(least, least(mount, fields[2], "memory.max"));
                } else if (fields.length == 3 && fields[1].matches("(.*,)?memory(,.*)?")) {
                    least = Math.min(least, least(mount.resolve("memory"), fields[2], "memory.limit_in_bytes"));
                }
            }
        } catch (IOException e) {
            return OptionalLong.empty(); // another system
        }
        return least < UNLIMITED ? OptionalLong.of(least) : OptionalLong.empty();
    }

    /** In a container the path may be the host's, and the mount then is the process's own group. */
    private static long least(Path root, String path, String file) throws IOException {
        long least = UNLIMITED;
        for (var group = root.resolve(path.substring(1)).normalize();
                group.startsWith(root);
                group = group.getParent()) {
            var limit = group.resolve(file);
            if (Files.isReadable(limit)) {
                var text = Files.readString(limit).strip();
                if (text.matches("[0-9]{1,18}")) {
                    least = Math.min(least, Long.parseLong(text));
                }
            }
        }
        return least;
    }
}
