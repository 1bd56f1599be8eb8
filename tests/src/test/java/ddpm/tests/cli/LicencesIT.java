package ddpm.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The packaged jar names whose work it holds, with every licence's text. */
class LicencesIT {
    /** How a Debian copyright file refers to a text that stands beside it in our jar. */
    private static final Pattern COMMON = Pattern.compile("/usr/share/common-licenses/([A-Za-z0-9.-]*[A-Za-z0-9])");

    /** GPL and LGPL without a version are Debian's names for the newest. */
    private static final Map<String, String> NEWEST = Map.of("GPL", "GPL-3", "LGPL", "LGPL-3");

    /** A folder of libtorch's sources, which its messages name. */
    private static final Pattern THIRD_PARTY = Pattern.compile("pytorch[/\\\\]third_party[/\\\\]([A-Za-z0-9_+-]+)");

    /** Folders whose rows have another name. */
    private static final Map<String, String> ROW_OF_FOLDER = Map.of("kleidiai", "KleidiAI");

    private record Row(String work, List<String> artifacts, List<String> files, List<String> texts) {
        boolean covers(String entry) {
            return files.stream().anyMatch(glob -> matches(glob, entry));
        }

        boolean covers(String group, String artifact) {
            return artifacts.stream().anyMatch(glob -> matches(glob, group + ":" + artifact));
        }
    }

    private JarFile jar;
    private List<Row> rows;

    @BeforeEach
    void open() throws IOException {
        jar = new JarFile(Jar.path().toFile());
        rows = text("META-INF/THIRD-PARTY.md")
                .lines()
                .filter(line -> line.startsWith("| ") && !line.startsWith("| Work "))
                .map(LicencesIT::row)
                .toList();
    }

    @AfterEach
    void close() throws IOException {
        jar.close();
    }

    @Test
    void everyFileInTheJarIsInARow() {
        var orphans = new ArrayList<String>();
        jar.stream()
                .filter(entry -> !entry.isDirectory())
                .map(ZipEntry::getName)
                .filter(name -> rows.stream().noneMatch(row -> row.covers(name)))
                .forEach(orphans::add);
        assertEquals(List.of(), orphans, "files without a row in META-INF/THIRD-PARTY.md");
    }

    /** A row for the presets covers the bindings; what they bind has rows of its own. */
    @Test
    void everyNativeLibraryIsInARowBesideItsBinding() {
        var natives = jar.stream()
                .map(ZipEntry::getName)
                .filter(name -> name.matches(".*\\.(so(\\.\\d+)*|dylib|dll)"))
                .toList();
        assertFalse(natives.isEmpty(), "a jar without native libraries");
        for (var library : natives) {
            assertTrue(
                    library.contains("jnijavacpp")
                            || rows.stream()
                                    .filter(row -> !row.work().startsWith("JavaCPP"))
                                    .anyMatch(row -> row.covers(library)),
                    library + " has no row in META-INF/THIRD-PARTY.md");
        }
    }

    @Test
    void everyArtifactOfTheSbomIsInARow() throws IOException {
        var components = components();
        assertTrue(components.size() > 10, components.toString());
        for (var component : components) {
            var row = rows.stream()
                    .filter(r -> r.covers((String) component.get("group"), (String) component.get("name")))
                    .findAny();
            assertTrue(row.isPresent(), component.get("purl") + " has no row in META-INF/THIRD-PARTY.md");
        }
        for (var row : rows) {
            for (var artifact : row.artifacts()) {
                assertTrue(
                        artifact.startsWith("io.github.ddpm:")
                                || components.stream()
                                        .anyMatch(c -> matches(artifact, c.get("group") + ":" + c.get("name"))),
                        artifact + " is in the table and no longer in the jar");
            }
        }
    }

    @Test
    void everyRowHasItsTextsAndEveryTextARow() throws IOException {
        Set<String> named = new HashSet<>();
        for (var row : rows) {
            assertFalse(row.texts().isEmpty(), row.work() + " names no text");
            named.addAll(row.texts());
        }
        for (var name : List.copyOf(named)) {
            var text = text("META-INF/licenses/" + name + ".txt");
            assertTrue(text.length() > 150, name + ".txt is too short to be a licence");
            var common = COMMON.matcher(text);
            while (common.find()) {
                named.add(NEWEST.getOrDefault(common.group(1), common.group(1)));
            }
        }
        var present = new TreeSet<String>();
        jar.stream()
                .map(ZipEntry::getName)
                .filter(name -> name.matches("META-INF/licenses/.+\\.txt"))
                .forEach(name -> present.add(name.replaceAll(".*/|\\.txt$", "")));
        assertEquals(new TreeSet<>(named), present);
    }

    /** A second opinion on what is linked into libtorch: the paths of sources that its error messages quote. */
    @Test
    void everyThirdPartyFolderThatLibtorchNamesIsInARow() throws IOException {
        var library = jar.stream()
                .filter(entry -> entry.getName().matches(".*/(lib)?torch_cpu\\.(so|dylib|dll)"))
                .findAny()
                .orElseThrow();
        Set<String> folders = new TreeSet<>();
        try (var in = new BufferedInputStream(jar.getInputStream(library), 1 << 20)) {
            collect(in, folders);
        }
        assertTrue(folders.contains("gloo") && folders.contains("onnx"), folders.toString());
        for (var folder : folders) {
            var name = ROW_OF_FOLDER.getOrDefault(folder, folder);
            assertTrue(
                    rows.stream()
                            .anyMatch(row -> row.work().toLowerCase().contains(name.toLowerCase())
                                    && row.covers(library.getName())),
                    "libtorch holds third_party/" + folder + ", which has no row in META-INF/THIRD-PARTY.md");
        }
    }

    private static void collect(InputStream in, Set<String> folders) throws IOException {
        byte[] block = new byte[1 << 22];
        int kept = 0;
        for (int read = in.read(block, kept, block.length - kept); read > 0; ) {
            var matcher = THIRD_PARTY.matcher(new String(block, 0, kept + read, StandardCharsets.ISO_8859_1));
            while (matcher.find()) {
                folders.add(matcher.group(1));
            }
            // A path across two blocks is found in the second: the first's end is read again.
            int end = kept + read;
            kept = Math.min(128, end);
            System.arraycopy(block, end - kept, block, 0, kept);
            read = in.read(block, kept, block.length - kept);
        }
    }

    private List<Map<String, Object>> components() throws IOException {
        @SuppressWarnings("unchecked")
        var found = (List<Map<String, Object>>) (List<?>)
                (List<?>) JSON.std.mapFrom(text("META-INF/sbom/bom.json")).get("components");
        return found;
    }

    private String text(String entry) throws IOException {
        var found = jar.getEntry(entry);
        assertTrue(
                found != null,
                "the jar has no " + entry
                        + (entry.contains("sbom") ? ": Maven makes it when it is online, without -o" : ""));
        try (var in = jar.getInputStream(found)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Row row(String line) {
        var cells = line.split("\\|", -1);
        return new Row(cells[1].strip(), quoted(cells[3]), quoted(cells[4]), words(cells[5]));
    }

    private static List<String> quoted(String cell) {
        return words(cell.replace("`", ""));
    }

    private static List<String> words(String cell) {
        return Stream.of(cell.strip().split(" +"))
                .filter(word -> !word.isEmpty())
                .toList();
    }

    private static boolean matches(String glob, String name) {
        return FileSystems.getDefault().getPathMatcher("glob:" + glob).matches(Path.of(name));
    }
}
