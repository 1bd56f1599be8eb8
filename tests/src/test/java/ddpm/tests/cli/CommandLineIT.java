package ddpm.tests.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ddpm.io.StoredTensor;
import ddpm.io.TensorFiles;
import ddpm.tests.ChildJvm;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The packaged jar from end to end, each command in a JVM of its own. */
class CommandLineIT {
    private static final Path NOTEBOOK_MODEL = Path.of(System.getProperty("ddpm.root", ".."))
            .resolve("ddpm-dsl/src/test/resources/golden/notebook/unetmini_init.pt")
            .toAbsolutePath()
            .normalize();

    @TempDir
    private Path folder;

    private Jar jar;

    @BeforeEach
    void java25() {
        jar = new Jar(ChildJvm.java(), folder);
    }

    @Test
    void versionAndHelpAreTold() throws Exception {
        var version = jar.expect(0, "--version").out();
        assertTrue(version.matches("(?s)ddpm \\d+\\.\\d+\\.\\d+\\S*\\R.*"), version);
        assertTrue(version.contains("Java " + Runtime.version().feature()), version);
        var help = jar.expect(0, "--help").out();
        for (var command : new String[] {"sample", "info", "convert", "doctor"}) {
            assertTrue(help.contains("\n  " + command), help);
            var own = jar.expect(0, command, "--help").out();
            assertTrue(own.startsWith("Usage: ddpm " + command), own);
        }
    }

    @Test
    void anOlderJavaFindsTheOneThatIsNeeded() throws Exception {
        var older = java17();
        if (older.isEmpty()) {
            System.err.println("ABORTED: no JDK 17 under /usr/lib/jvm, so the launcher was not tried on an older Java");
        }
        assumeTrue(older.isPresent(), "no JDK 17 under /usr/lib/jvm, so the launcher cannot be tried on one");
        var old = new Jar(older.orElseThrow(), folder);
        var version = old.expect(0, "--version").out();
        assertTrue(version.contains("ddpm ") && !version.contains("Java 17"), version);
        assertTrue(old.expect(0, "--help").out().contains("sample"));
        assertEquals(2, old.run("nonsense").status(), "the exit status passes through");
    }

    /** Cron, systemd and containers start programs in the C locale, where Java itself can name no file beyond ASCII. */
    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "other systems name files alike in every locale")
    void namesBeyondAsciiAreKeptInTheCLocale() throws Exception {
        var javas = new ArrayList<>(List.of(ChildJvm.java()));
        java17().ifPresent(javas::add);
        for (var java : javas) {
            // The shell names the file and looks for it, for this JVM's locale may be C as well.
            var ended = new Jar(java, folder)
                    .shellInC("\"$@\" sample --steps 1 -n 1 -q -o 'gr\u00fcn.png' && ls && rm *.png");
            assertEquals(0, ended.status(), ended.toString());
            assertEquals(2, ended.out().lines().filter("gr\u00fcn.png"::equals).count(), ended.toString());
            var latin = new Jar(java, folder)
                    .shellInC("\"$@\" sample --steps 1 -o \"$(printf 'gr\\374n.png')\"; echo $?; ls");
            assertTrue(latin.out().startsWith("2") && !latin.out().contains("png"), latin.toString());
            assertTrue(latin.err().contains("'gr?n.png', is neither in the charset of this locale"), latin.toString());
        }
    }

    private static Optional<Path> java17() throws IOException {
        var jdks = Path.of("/usr/lib/jvm");
        if (!Files.isDirectory(jdks)) {
            return Optional.empty();
        }
        try (var folders = Files.list(jdks)) {
            return folders.filter(jdk -> jdk.getFileName().toString().contains("17"))
                    .map(jdk -> jdk.resolve("bin/java"))
                    .filter(Files::isExecutable)
                    .findFirst();
        }
    }

    @Test
    void sampleWritesAPictureAndTheSameSeedWritesItAgain() throws Exception {
        var ended = jar.expect(0, "sample", "--steps", "2", "--count", "2", "--seed", "7", "--out", "a.png");
        assertEquals("a.png", ended.out().strip(), "the result alone is on standard output");
        assertFalse(ended.err().contains("\r"), "no progress bar without a terminal");
        var picture = ImageIO.read(folder.resolve("a.png").toFile());
        assertTrue(picture.getWidth() >= 64 && picture.getHeight() >= 32, picture.toString());
        assertEquals(2, colours(picture), "a picture of one colour, or of none");
        jar.expect(0, "sample", "--steps", "2", "--count", "2", "--seed", "7", "--out", "b.png", "--quiet");
        assertArrayEquals(Files.readAllBytes(folder.resolve("a.png")), Files.readAllBytes(folder.resolve("b.png")));
        jar.expect(0, "sample", "--steps", "2", "--count", "2", "--seed", "8", "--out", "c.png", "--quiet");
        assertFalse(Arrays.equals(
                Files.readAllBytes(folder.resolve("a.png")), Files.readAllBytes(folder.resolve("c.png"))));
    }

    /** How many colours there are, as far as two. */
    private static long colours(BufferedImage picture) {
        var pixels = picture.getRGB(0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth());
        return Arrays.stream(pixels).distinct().limit(2).count();
    }

    @Test
    void sampleDrawsFromTheNotebooksFile() throws Exception {
        jar.expect(0, "sample", "-m", NOTEBOOK_MODEL.toString(), "--steps", "2", "-n", "1", "-o", "one.png");
        assertTrue(ImageIO.read(folder.resolve("one.png").toFile()).getWidth() >= 32);
    }

    @Test
    void wrongUseEndsWithTwoAndSaysWhatIsAllowed() throws Exception {
        says(jar.expect(2, "nonsense"), "nonsense");
        says(jar.expect(2, "sample", "--steps", "0"), "--steps", "0");
        says(jar.expect(2, "sample", "--steps", "many"), "--steps", "many");
        says(jar.expect(2, "sample", "--count", "-3"), "--count", "-3");
        says(jar.expect(2, "sample", "--no-such-option"), "--no-such-option");
        says(jar.expect(2, "sample", "--variance", "huge"), "huge", "fixed-small", "fixed-large");
        says(jar.expect(2, "convert", "only-one"), "OUT");
    }

    @Test
    void whatCannotBeDoneEndsWithOneAndNamesTheFile() throws Exception {
        says(jar.expect(1, "sample", "-m", "absent.pt"), "absent.pt");
        var text = Files.writeString(folder.resolve("text.safetensors"), "not a model");
        says(jar.expect(1, "sample", "-m", text.toString()), "text.safetensors");
        says(jar.expect(1, "info", text.toString()), "text.safetensors");
        says(jar.expect(1, "convert", text.toString(), "out.pt"), "text.safetensors");
        var half = folder.resolve("half.pt");
        Files.write(half, Arrays.copyOf(Files.readAllBytes(NOTEBOOK_MODEL), 1 << 20));
        says(jar.expect(1, "sample", "-m", half.toString()), "half.pt");
        says(jar.expect(1, "convert", half.toString(), "out.safetensors"), "half.pt");
        assertFalse(Files.exists(folder.resolve("out.safetensors")), "a failed conversion leaves no file");
    }

    @Test
    void noLibtorchAndNoDeviceHaveTheirOwnStatus() throws Exception {
        says(jar.expect(3, "sample", "--libtorch", folder.toString(), "--steps", "1"), folder.toString(), "2.10");
        says(jar.expect(4, "sample", "--device", "cuda:99", "--steps", "1"), "cuda:99");
    }

    @Test
    void convertThereAndBackKeepsEveryBit() throws Exception {
        jar.expect(0, "convert", NOTEBOOK_MODEL.toString(), "there.safetensors");
        jar.expect(0, "convert", "there.safetensors", "back.pt");
        var before = TensorFiles.read(NOTEBOOK_MODEL);
        for (var name : new String[] {"there.safetensors", "back.pt"}) {
            var after = TensorFiles.read(folder.resolve(name));
            assertEquals(before.keySet(), after.keySet(), name);
            before.forEach((key, tensor) -> assertSame(tensor, after.get(key), name + " " + key));
        }
    }

    private static void assertSame(StoredTensor expected, StoredTensor actual, String what) {
        assertEquals(expected.dtype(), actual.dtype(), what);
        assertEquals(expected.shape(), actual.shape(), what);
        assertEquals(expected.data(), actual.data(), what);
    }

    @Test
    void infoTellsWhatAFileIs() throws Exception {
        var text = jar.expect(0, "info", NOTEBOOK_MODEL.toString()).out();
        assertTrue(text.contains("1282051") && text.contains("UNetMini"), text);
        var json = jar.expect(0, "info", "--json").out().strip();
        assertTrue(json.startsWith("{") && json.endsWith("}") && json.contains("1114209"), json);
    }

    @Test
    void doctorFindsThisMachineFit() throws Exception {
        var text = jar.expect(0, "doctor").out();
        assertTrue(text.contains("libtorch"), text);
    }

    private static void says(ChildJvm.Ended ended, String... parts) {
        for (var part : parts) {
            assertTrue(ended.err().contains(part), () -> "'" + part + "' is not in what it said: " + ended);
        }
        assertEquals("", ended.out(), "errors are on standard error alone");
    }
}
