package ddpm.launch;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** An installed Java, known from its {@code release} file: nothing is executed to learn its version. */
final class JavaHome implements Comparable<JavaHome> {
    private final Path home;
    private final Path executable;
    private final List<Integer> version;

    private JavaHome(Path home, Path executable, List<Integer> version) {
        this.home = home;
        this.executable = executable;
        this.version = version;
    }

    /** @return the Java installed in a folder, or null if there is none whose version is known */
    static JavaHome in(Path home) {
        Path executable = home.resolve("bin").resolve("java");
        if (!Files.isExecutable(executable)) {
            executable = home.resolve("bin").resolve("java.exe");
        }
        if (!Files.isRegularFile(executable) || !Files.isExecutable(executable)) {
            return null;
        }
        try {
            // ISO-8859-1 decodes any bytes: vendors put their names into these files.
            for (String line : Files.readAllLines(home.resolve("release"), StandardCharsets.ISO_8859_1)) {
                if (line.startsWith("JAVA_VERSION=")) {
                    List<Integer> version = numbers(line.substring("JAVA_VERSION=".length()));
                    return version.isEmpty() ? null : new JavaHome(home, executable, version);
                }
            }
            return null;
        } catch (IOException e) {
            return null;
        }
    }

    /** The numbers in a version: {@code "25.0.1"} gives 25, 0, 1; {@code "1.8.0_402"} gives 8, 0, 402. */
    private static List<Integer> numbers(String version) {
        List<Integer> numbers = new ArrayList<Integer>();
        // What follows a hyphen or a plus names a build, not a version: 26-ea+12.
        for (String part : version.replace("\"", "").trim().split("[-+]", -1)[0].split("[._]")) {
            if (!part.matches("\\d{1,6}")) {
                break;
            }
            numbers.add(Integer.valueOf(part));
        }
        if (numbers.size() > 1 && numbers.get(0) == 1) {
            numbers.remove(0);
        }
        return numbers;
    }

    /** @return 8 for {@code 1.8.0_402}, 25 for {@code 25.0.1} */
    static int feature(String version) {
        List<Integer> numbers = numbers(version);
        return numbers.isEmpty() ? 0 : numbers.get(0);
    }

    Path home() {
        return home;
    }

    Path executable() {
        return executable;
    }

    int feature() {
        return version.get(0);
    }

    /** Orders by version alone. */
    @Override
    public int compareTo(JavaHome other) {
        for (int i = 0; i < Math.max(version.size(), other.version.size()); i++) {
            int mine = i < version.size() ? version.get(i) : 0;
            int theirs = i < other.version.size() ? other.version.get(i) : 0;
            if (mine != theirs) {
                return Integer.compare(mine, theirs);
            }
        }
        return 0;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof JavaHome && ((JavaHome) other).home.equals(home);
    }

    @Override
    public int hashCode() {
        return home.hashCode();
    }

    @Override
    public String toString() {
        return "Java " + version.toString().replaceAll("[\\[\\] ]", "").replace(',', '.') + " in " + home;
    }
}
