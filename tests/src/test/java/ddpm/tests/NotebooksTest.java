package ddpm.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import java.awt.image.BufferedImage;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SourceCodeAnalysis.Completeness;
import org.junit.jupiter.api.Test;

/**
 * The notebooks' cells run in order and show pictures. Jupyter is not needed: the kernel evaluates cells with JShell as this
 * does; its one line that is not Java, which puts the jar on the class path, is left out, for these classes are there already.
 */
public class NotebooksTest {
    private static final Path NOTEBOOKS =
            Path.of(System.getProperty("ddpm.root", "..")).resolve("docs/notebooks");

    /** What a notebook has shown; JShell's local engine shares this class with us. */
    public static final List<Object> SHOWN = new ArrayList<>();

    @Test
    void everyCellRunsAndPicturesAreShown() throws Exception {
        try (var files = Files.newDirectoryStream(NOTEBOOKS, "*.ipynb")) {
            int notebooks = 0;
            for (var file : files) {
                SHOWN.clear();
                run(file);
                assertTrue(SHOWN.size() >= 2, file + " shows " + SHOWN.size() + " pictures");
                SHOWN.forEach(picture -> assertIsDrawn((BufferedImage) picture));
                notebooks++;
            }
            assertNotEquals(0, notebooks, "no notebook in " + NOTEBOOKS);
        }
    }

    private static void run(Path notebook) throws Exception {
        try (var shell = JShell.builder().executionEngine("local").build()) {
            for (var entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
                shell.addToClasspath(entry);
            }
            evaluate(shell, "void display(Object shown) { " + NotebooksTest.class.getName() + ".SHOWN.add(shown); }");
            for (var cell : cells(notebook)) {
                evaluate(shell, cell);
            }
        }
    }

    private static List<String> cells(Path notebook) throws Exception {
        var cells = new ArrayList<String>();
        for (var each : (List<?>) JSON.std.mapFrom(Files.readString(notebook)).get("cells")) {
            var cell = (Map<?, ?>) each;
            var source = String.join(
                    "",
                    ((List<?>) cell.get("source")).stream().map(String::valueOf).toList());
            if (cell.get("cell_type").equals("code") && !source.startsWith("%jar ")) {
                assertEquals(List.of(), cell.get("outputs"), "outputs are made, not kept: " + notebook);
                cells.add(source);
            }
        }
        return cells;
    }

    private static void evaluate(JShell shell, String cell) {
        var analysis = shell.sourceCodeAnalysis();
        for (var rest = cell; !rest.isBlank(); ) {
            var next = analysis.analyzeCompletion(rest);
            assertTrue(
                    next.completeness().isComplete() || next.completeness() == Completeness.CONSIDERED_INCOMPLETE,
                    rest);
            for (var event : shell.eval(next.source())) {
                assertEquals(
                        Snippet.Status.VALID,
                        event.status(),
                        () -> event.snippet().source() + "\n"
                                + shell.diagnostics(event.snippet())
                                        .map(d -> d.getMessage(Locale.ROOT))
                                        .toList());
                if (event.exception() != null) {
                    throw new AssertionError(event.snippet().source(), event.exception());
                }
            }
            rest = next.remaining();
        }
    }

    /** Neither blank nor nearly so. */
    private static void assertIsDrawn(BufferedImage picture) {
        int[] pixels = picture.getRGB(0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth());
        assertTrue(Arrays.stream(pixels).distinct().count() > 20, "a picture of hardly any levels");
    }
}
