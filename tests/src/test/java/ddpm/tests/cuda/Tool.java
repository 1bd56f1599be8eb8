package ddpm.tests.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** A program that may or may not be installed. */
record Tool(Path path) {
    /** The first of these names on PATH. */
    static Optional<Tool> find(String... names) {
        return Arrays.stream(names)
                .flatMap(name -> Arrays.stream(System.getenv("PATH").split(Pattern.quote(File.pathSeparator)))
                        .map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst()
                .map(Tool::new);
    }

    /** Runs it to a good end and returns what it printed, standard error included. */
    String run(Path folder, String input, List<String> arguments) throws IOException, InterruptedException {
        var in = Files.createTempFile("tool", ".in");
        var out = Files.createTempFile("tool", ".out");
        try {
            Files.writeString(in, input);
            var command = new java.util.ArrayList<String>();
            command.add(path.toString());
            command.addAll(arguments);
            var process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectInput(in.toFile())
                    .redirectOutput(out.toFile())
                    .redirectErrorStream(true)
                    .start();
            int status = process.waitFor();
            var said = Files.readString(out, StandardCharsets.UTF_8);
            assertEquals(0, status, () -> command + " said: " + said);
            return said;
        } finally {
            Files.delete(in);
            Files.delete(out);
        }
    }
}
