package ddpm.launch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JavaSearchTest {
    @TempDir
    private Path temp;

    private final Map<String, String> environment = new HashMap<>();
    private Path root;
    private Path user;

    @BeforeEach
    void folders() {
        root = temp.resolve("root");
        user = temp.resolve("home of ada");
    }

    private Path find() {
        JavaHome found = new JavaSearch(25, environment, user, root).find();
        return found == null ? null : found.home();
    }

    private static Path install(Path home, String version) throws IOException {
        Files.createDirectories(home.resolve("bin"));
        Path java = Files.createFile(home.resolve("bin/java"));
        assertTrue(java.toFile().setExecutable(true));
        Files.writeString(
                home.resolve("release"), "IMPLEMENTOR=\"N.N.\"\nJAVA_VERSION=\"" + version + "\"\nOS_NAME=\"x\"\n");
        return home;
    }

    @Test
    void nothingInstalledIsNull() {
        assertNull(find());
    }

    @Test
    void theNewestInstalledWinsByNumberNotByName() throws IOException {
        install(root.resolve("usr/lib/jvm/a"), "25.0.9");
        Path newest = install(root.resolve("usr/lib/jvm/b"), "25.0.10");
        install(root.resolve("usr/lib/jvm/c"), "24.0.2");
        install(root.resolve("usr/lib/jvm/d"), "9.0.4");
        assertEquals(newest, find());
    }

    @Test
    void ofEqualVersionsTheFirstPlaceWins() throws IOException {
        Path system = install(root.resolve("usr/lib/jvm/temurin-25"), "25.0.1");
        install(user.resolve(".sdkman/candidates/java/25.0.1-tem"), "25.0.1");
        assertEquals(system, find());
    }

    @ParameterizedTest
    @ValueSource(strings = {"24.0.2", "21", "17.0.12", "1.8.0_402", "", "twenty-five", "25x", "-", "+", "."})
    void anOlderOrUnreadableVersionIsNotTaken(String version) throws IOException {
        install(root.resolve("usr/lib/jvm/old"), version);
        assertNull(find());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "usr/lib/jvm/temurin-25-jdk-amd64",
                "usr/java/jdk-25",
                "opt/java/openjdk",
                "opt/jdk-25",
                "Library/Java/JavaVirtualMachines/temurin-25.jdk/Contents/Home"
            })
    void placesOfTheSystemAreSearched(String place) throws IOException {
        assertEquals(install(root.resolve(place), "25"), find());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ".sdkman/candidates/java/25-open",
                ".jdks/temurin-25",
                ".asdf/installs/java/temurin-25",
                ".local/share/mise/installs/java/25",
                "Library/Java/JavaVirtualMachines/openjdk-25/Contents/Home"
            })
    void placesOfTheUserAreSearched(String place) throws IOException {
        assertEquals(install(user.resolve(place), "26-ea"), find());
    }

    @Test
    void programFilesAreSearched() throws IOException {
        environment.put("ProgramFiles", temp.resolve("Program Files").toString());
        assertEquals(install(temp.resolve("Program Files/Eclipse Adoptium/jdk-25.0.1-hotspot"), "25.0.1"), find());
    }

    @Test
    void aNamedJavaThatWillDoIsPreferredToANewerInstalledOne() throws IOException {
        install(root.resolve("usr/lib/jvm/newer"), "26.0.1");
        Path named = install(temp.resolve("mine"), "25");
        environment.put("JAVA_HOME", named.toString());
        assertEquals(named, find());
    }

    @Test
    void aJavaHomeThatIsTooOldIsPassedOver() throws IOException {
        environment.put("JAVA_HOME", install(temp.resolve("old"), "17.0.12").toString());
        Path installed = install(root.resolve("usr/lib/jvm/25"), "25");
        assertEquals(installed, find());
    }

    @ParameterizedTest
    @ValueSource(strings = {"JAVA_HOME_25_X64", "JAVA_HOME_25", "JDK_25", "JDK25", "JAVA_25", "JDK_HOME_25"})
    void variablesOfCiMachinesAreRead(String variable) throws IOException {
        Path named = install(temp.resolve("ci"), "25.0.1");
        environment.put(variable, named.toString());
        assertEquals(named, find());
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "creating links needs a privilege there")
    void theJavaOnThePathIsFoundThroughLinks() throws IOException {
        Path real = install(temp.resolve("real"), "25").toRealPath();
        Path bin = Files.createDirectories(temp.resolve("bin"));
        Files.createSymbolicLink(bin.resolve("java"), real.resolve("bin/java"));
        environment.put("PATH", temp.resolve("nowhere") + java.io.File.pathSeparator + bin);
        assertEquals(real, find());
    }

    @Test
    void ddpmJavaMayNameAFolderOrAnExecutableAndWinsOverAll() throws IOException {
        environment.put("JAVA_HOME", install(temp.resolve("other"), "26").toString());
        Path chosen = install(temp.resolve("chosen"), "25").toRealPath();
        environment.put("DDPM_JAVA", chosen.toString());
        assertEquals(chosen, find());
        environment.put("DDPM_JAVA", chosen.resolve("bin/java").toString());
        assertEquals(chosen, find());
    }

    @ParameterizedTest
    @CsvSource({"17.0.2, 'Java 17.0.2 in '", "'', no Java's folder"})
    void aDdpmJavaThatWillNotDoIsAnErrorByNameAndNotPassedOver(String version, String reason) throws IOException {
        install(root.resolve("usr/lib/jvm/25"), "25");
        environment.put("DDPM_JAVA", install(temp.resolve("chosen"), version).toString());
        IllegalStateException e = assertThrows(IllegalStateException.class, this::find);
        assertTrue(
                e.getMessage().startsWith("DDPM_JAVA is " + temp.resolve("chosen"))
                        && e.getMessage().contains(reason)
                        && e.getMessage().contains("Java 25 or newer"),
                e.getMessage());
    }

    @Test
    void aFolderWithoutExecutableIsNoJava() throws IOException {
        Path home = install(root.resolve("usr/lib/jvm/25"), "25");
        Files.delete(home.resolve("bin/java"));
        assertNull(find());
    }

    @Test
    void valuesThatAreNoPathsArePassedOver() throws IOException {
        environment.put("JAVA_HOME", "\0");
        environment.put("PATH", ":::\0:");
        assertEquals(install(root.resolve("usr/lib/jvm/25"), "25"), find());
    }

    @ParameterizedTest
    @CsvSource({"1.8, 8", "1.8.0_402, 8", "9, 9", "17.0.12, 17", "25, 25", "26-ea, 26", "25+36-LTS, 25", "x, 0"})
    void featureNumbersAreRead(String version, int feature) {
        assertEquals(feature, JavaHome.feature(version));
    }
}
