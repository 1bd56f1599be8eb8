package ddpm.torch.natives;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Linux's mounted file systems, as far as they decide whether a library on them can be loaded. */
final class Mounts {
    private static final Path TABLE = Path.of("/proc/self/mountinfo");

    private Mounts() {}

    /**
     * Refuses a folder whose file system is mounted {@code noexec}: the system would refuse to map a library there, in
     * words ("failed to map segment") that help nobody. Does nothing where there is no mount table.
     *
     * @throws IOException naming the mount and what to do
     */
    static void refuseNoexec(Path folder) throws IOException {
        List<String> table;
        try {
            table = Files.readAllLines(TABLE, StandardCharsets.UTF_8);
        } catch (IOException e) {
            return; // No mount table, as on macOS and Windows: loading itself will tell.
        }
        refuseNoexec(folder, table);
    }

    /** The folder with links followed, as far as it exists: a cache is often a link to a larger disk. */
    private static Path real(Path folder) {
        try {
            return folder.toRealPath();
        } catch (IOException e) {
            Path parent = folder.getParent();
            return parent == null ? folder : real(parent).resolve(folder.getFileName());
        }
    }

    /** @param table lines of {@code /proc/self/mountinfo}: see proc(5); field 5 is the mount point, 6 its options */
    static void refuseNoexec(Path folder, List<String> table) throws IOException {
        Path real = real(folder);
        Path best = null;
        boolean noexec = false;
        for (String line : table) {
            String[] fields = line.split(" ");
            if (fields.length < 6) {
                continue;
            }
            Path mount = Path.of(unescape(fields[4]));
            // ">=": of two mounts at one point, the later one covers the earlier.
            if (real.startsWith(mount) && (best == null || mount.getNameCount() >= best.getNameCount())) {
                best = mount;
                noexec = List.of(fields[5].split(",")).contains("noexec");
            }
        }
        if (noexec) {
            throw new IOException("Libraries cannot be loaded from " + folder + ": the file system at " + best
                    + " is mounted noexec. " + CacheRoot.REMEDY + " and whose file system allows execution.");
        }
    }

    /** The table writes space, tab, newline and backslash as three octal digits. */
    private static String unescape(String field) {
        return field.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }
}
