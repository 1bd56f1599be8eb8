package ddpm.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every Java snippet of the README and the guide compiles and runs, each in a JVM and an empty folder of its own. */
class GuideSnippetsTest {
    /** A fenced block that begins with {@code ```java}. */
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```java\\s*$\\n(.*?)^```\\s*$");

    private static final Path ROOT = Path.of(System.getProperty("ddpm.root", ".."));

    record Snippet(Path page, int number, String code) {
        @Override
        public String toString() {
            return page.getFileName() + " #" + number;
        }
    }

    static List<Snippet> snippets() throws IOException {
        var pages = new ArrayList<Path>();
        pages.add(ROOT.resolve("README.md"));
        try (var docs = Files.walk(ROOT.resolve("docs"))) {
            docs.filter(page -> page.toString().endsWith(".md")).sorted().forEach(pages::add);
        }
        var snippets = new ArrayList<Snippet>();
        for (var page : pages) {
            var matcher = BLOCK.matcher(Files.readString(page));
            for (int number = 1; matcher.find(); number++) {
                snippets.add(new Snippet(page, number, matcher.group(1)));
            }
        }
        return snippets;
    }

    @Test
    void theReadmeHasAnEmbeddingExample() throws IOException {
        assertTrue(snippets().stream().anyMatch(s -> s.page().endsWith("README.md")));
    }

    @ParameterizedTest
    @MethodSource("snippets")
    void snippetCompilesAndRuns(Snippet snippet, @TempDir Path folder) throws Exception {
        var source = folder.resolve("Snippet.java");
        Files.writeString(source, asClass(snippet.code()));
        var classes = Files.createDirectory(folder.resolve("classes"));
        var messages = new StringWriter();
        var compiler = ToolProvider.getSystemJavaCompiler();
        try (var files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            var options = List.of("-d", classes.toString(), "-classpath", System.getProperty("java.class.path"));
            boolean compiled = compiler.getTask(messages, files, null, options, null, files.getJavaFileObjects(source))
                    .call();
            assertTrue(compiled, () -> snippet + " does not compile:\n" + messages);
        }
        var work = Files.createDirectory(folder.resolve("work"));
        var log = folder.resolve("log");
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Djava.awt.headless=true",
                        "-cp",
                        classes + java.io.File.pathSeparator + System.getProperty("java.class.path"),
                        "Snippet")
                .directory(work.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean ended = process.waitFor(300, TimeUnit.SECONDS);
        process.destroyForcibly();
        assertTrue(ended, () -> snippet + " did not end within 300 s");
        assertEquals(0, process.exitValue(), () -> snippet + " failed:\n" + read(log));
        for (var named : picturesNamedIn(snippet.code())) {
            assertTrue(Files.size(work.resolve(named)) > 0, () -> snippet + " did not write " + named);
        }
    }

    /** Imports go on top; statements become main; classes and records stay members. */
    private static String asClass(String code) {
        var imports = new StringBuilder();
        var body = new StringBuilder();
        code.lines()
                .forEach(line -> (line.startsWith("import ") ? imports : body)
                        .append(line)
                        .append('\n'));
        assertFalse(code.contains("..."), "snippets are whole: no ellipses");
        return imports + "public class Snippet {\n    public static void main(String[] args) throws Exception {\n"
                + body + "    }\n}\n";
    }

    private static List<String> picturesNamedIn(String code) {
        return Pattern.compile("\"([\\w./-]+\\.(?:png|gif|safetensors))\"")
                .matcher(code)
                .results()
                .map(result -> result.group(1))
                .toList();
    }

    private static String read(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return String.join("\n", lines.toList());
        } catch (IOException e) {
            return e.toString();
        }
    }
}
