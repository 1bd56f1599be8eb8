package ddpm.tests;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A JVM of its own, run to its end. */
public final class ChildJvm {
    /**
     * @param status its exit status
     * @param out its standard output
     * @param err its standard error
     */
    public record Ended(int status, String out, String err) {
        @Override
        public String toString() {
            return "exit status " + status + "\nstdout:\n" + out + "\nstderr:\n" + err;
        }
    }

    private ChildJvm() {}

    /** The java that runs these tests. */
    public static Path java() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    /** Options that put this test run's classes on the class path. */
    public static List<String> onThisClassPath() {
        return List.of("--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"));
    }

    /**
     * Runs {@code java options arguments} in {@code folder} and waits up to two minutes.
     *
     * @param environment variables to add; a null value takes one away
     */
    public static Ended run(
            Path java, List<String> options, List<String> arguments, Path folder, Map<String, String> environment)
            throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        command.add(java.toString());
        command.addAll(options);
        command.addAll(arguments);
        var out = Files.createTempFile("child", ".out");
        var err = Files.createTempFile("child", ".err");
        try {
            var builder = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile());
            environment.forEach((name, value) -> {
                if (value == null) {
                    builder.environment().remove(name);
                } else {
                    builder.environment().put(name, value);
                }
            });
            var process = builder.start();
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(
                        command + " did not end within two minutes; it said:\n" + text(out) + text(err));
            }
            return new Ended(process.exitValue(), text(out), text(err));
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }

    private static String text(Path file) throws IOException {
        return Files.readString(file, StandardCharsets.UTF_8);
    }
}
