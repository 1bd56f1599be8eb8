package ddpm.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import ddpm.tests.ChildJvm;
import ddpm.torch.LibTorch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** {@code java -jar ddpm-cli.jar}, as users run it. */
final class Jar {
    private static final Path JAR = Path.of(System.getProperty("ddpm.cli.jar", "../ddpm-cli/target/ddpm-cli.jar"))
            .toAbsolutePath()
            .normalize();

    private final Path java;
    private final Path folder;

    /** @param folder where the commands run */
    Jar(Path java, Path folder) {
        this.java = java;
        this.folder = folder;
        path();
    }

    /** The packaged jar. */
    static Path path() {
        if (!Files.isRegularFile(JAR)) {
            throw new IllegalStateException("no " + JAR + ": `mvn verify` packages it before these tests");
        }
        return JAR;
    }

    ChildJvm.Ended run(String... arguments) throws IOException, InterruptedException {
        return run(Map.of(), arguments);
    }

    /** @param more variables besides those of this process */
    ChildJvm.Ended run(Map<String, String> more, String... arguments) throws IOException, InterruptedException {
        Map<String, String> environment = new HashMap<>(more);
        environment.put(LibTorch.VARIABLE, null);
        return ChildJvm.run(java, List.of("-jar", JAR.toString()), List.of(arguments), folder, environment);
    }

    /** Runs a script in the C locale, to which {@code "$@"} is the program. */
    ChildJvm.Ended shellInC(String script) throws IOException, InterruptedException {
        var file = Files.writeString(Files.createTempFile("script", ".sh"), script);
        Map<String, String> environment = new HashMap<>();
        environment.put(LibTorch.VARIABLE, null);
        environment.put("LC_ALL", "C");
        try {
            return ChildJvm.run(
                    Path.of("/bin/sh"),
                    List.of(file.toString()),
                    List.of(java.toString(), "-jar", JAR.toString()),
                    folder,
                    environment);
        } finally {
            Files.delete(file);
        }
    }

    /** Runs a command that must end with this status, without a stack trace. */
    ChildJvm.Ended expect(int status, String... arguments) throws IOException, InterruptedException {
        var ended = run(arguments);
        assertEquals(status, ended.status(), () -> String.join(" ", arguments) + ": " + ended);
        assertFalse(ended.err().contains("\tat "), () -> "a stack trace: " + ended);
        return ended;
    }
}
