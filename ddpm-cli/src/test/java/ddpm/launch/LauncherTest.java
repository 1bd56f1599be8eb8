package ddpm.launch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.cli.process.Parent;
import ddpm.torch.LibTorch;
import java.io.DataInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LauncherTest {
    private static final JavaHome THIS = JavaHome.in(Path.of(System.getProperty("java.home")));

    @ParameterizedTest
    @ValueSource(
            classes = {
                Launcher.class,
                JavaHome.class,
                JavaSearch.class,
                Child.class,
                Arguments.class,
                RootHelp.class,
                StartArchive.class
            })
    void everyClassOfTheLauncherLoadsOnJava8(Class<?> type) throws IOException {
        try (InputStream in = type.getResourceAsStream(type.getSimpleName() + ".class");
                DataInputStream data = new DataInputStream(in)) {
            assertEquals(0xCAFEBABE, data.readInt());
            assertEquals(52, data.readInt() & 0xFFFF, "class file version; 52 is Java 8");
        }
    }

    /** As picocli decides; where that takes more than this, it is asked. */
    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "false, '', '', Linux, help.txt",
                "true, '', '', Linux, help-coloured.txt",
                "true, '', '', Mac OS X, help-coloured.txt",
                "true, NO_COLOR, '', Linux, help.txt",
                "false, CLICOLOR_FORCE, '', Linux, -",
                "true, CLICOLOR, '', Linux, -",
                "false, '', picocli.ansi, Linux, -",
                "true, '', picocli.usage.width, Linux, -",
                "true, '', '', Windows 11, -"
            })
    void helpIsColouredOnATerminal(boolean terminal, String variable, String property, String system, String file) {
        var properties = new Properties();
        properties.setProperty("os.name", system);
        properties.setProperty(property, "");
        assertEquals(file, RootHelp.resource(Map.of(variable, ""), properties, terminal));
    }

    @Test
    @EnabledOnOs(
            value = {OS.LINUX, OS.MAC},
            disabledReason = "on Windows the program is asked")
    void helpIsThereWithoutTheProgram() throws Exception {
        for (var option : List.of("--help", "-h")) {
            var ended = launched(ProcessBuilder.Redirect.PIPE, "-Xlog:class+load:stderr", option);
            assertEquals(0, ended.status(), ended.err());
            assertTrue(ended.out().startsWith("Usage: ddpm [-hV]"), ended.out());
            assertTrue(ended.err().contains(" ddpm.launch.RootHelp "), ended.err());
            assertFalse(ended.err().contains(" picocli."), "the program was asked");
        }
        var asked = launched(ProcessBuilder.Redirect.PIPE, "-Dpicocli.ansi=true", "--help");
        assertTrue(asked.out().contains("\033["), asked.out());
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "there is no /dev/full elsewhere")
    void helpThatStandardOutputLostIsAFailure() throws Exception {
        var ended = launched(ProcessBuilder.Redirect.to(new File("/dev/full")), "-Dx=y", "--help");
        assertEquals(1, ended.status());
        assertEquals(
                "ddpm: standard output: not written whole: No space left on device",
                ended.err().strip());
    }

    private record Ended(int status, String out, String err) {}

    /** Runs the launcher in a JVM with one option. */
    private static Ended launched(ProcessBuilder.Redirect out, String option, String... args) throws Exception {
        var command = new ArrayList<>(List.of(
                THIS.executable().toString(),
                option,
                "-cp",
                System.getProperty("java.class.path"),
                "ddpm.launch.Launcher"));
        command.addAll(List.of(args));
        var builder = new ProcessBuilder(command).redirectOutput(out);
        builder.environment().keySet().removeAll(List.of("CLICOLOR", "CLICOLOR_FORCE", "ConEmuANSI", "NO_COLOR"));
        var process = builder.start();
        var err = CompletableFuture.supplyAsync(() -> text(process.getErrorStream()));
        var printed = text(process.getInputStream());
        return new Ended(process.waitFor(), printed, err.get());
    }

    private static String text(InputStream stream) {
        try (stream) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void theReleaseFileOfARealJavaIsRead() {
        assertEquals(Runtime.version().feature(), THIS.feature());
    }

    @Test
    void archivesLieInTheCacheOfTheProgram() {
        var given = System.getProperty("ddpm.cache");
        try {
            System.clearProperty("ddpm.cache");
            assertEquals(LibTorch.cacheFolder(), StartArchive.cache(System.getenv()));
            System.setProperty("ddpm.cache", "target/a cache");
            assertEquals(LibTorch.cacheFolder(), StartArchive.cache(System.getenv()));
        } finally {
            if (given == null) {
                System.clearProperty("ddpm.cache");
            } else {
                System.setProperty("ddpm.cache", given);
            }
        }
    }

    @Test
    void argumentsComeLastAndUnchanged() {
        String[] args = {"sample", "", "a b", "\""};
        List<String> command = Launcher.command(THIS, List.of(), args);
        assertEquals(THIS.executable().toString(), command.getFirst());
        assertEquals(List.of(args), command.subList(command.indexOf(Launcher.class.getName()) + 1, command.size()));
    }

    @Test
    void argumentsOfAllCharactersAreHandedOnInAscii() {
        String[] args = {"sample", "", "a b,c%", "Grüße 日本 😀", "\n"};
        List<String> command = Launcher.command(THIS, List.of(), args);
        assertEquals(Launcher.class.getName(), command.getLast());
        String prefix = "-D" + Arguments.PROPERTY + "=";
        String property = command.stream()
                .filter(each -> each.startsWith(prefix))
                .findFirst()
                .orElseThrow();
        assertTrue(property.chars().allMatch(c -> c > ' ' && c < 0x7F), property);
        assertArrayEquals(args, Arguments.received(new String[0], property.substring(prefix.length())));
        assertArrayEquals(args, Arguments.received(args, null));
    }

    @Test
    void argumentsThatTheLocaleLostAreReadFromTheSystem(@TempDir Path folder) throws IOException {
        byte[] raw = "java\0-jar\0x.jar\0sample\0grün.png\0".getBytes(StandardCharsets.UTF_8);
        Path commandLine = Files.write(folder.resolve("cmdline"), raw);
        String[] lost = {"sample", "gr\uFFFD\uFFFDn.png"};
        assertTrue(Arguments.areLost(lost));
        assertArrayEquals(new String[] {"sample", "grün.png"}, Arguments.asUtf8(lost, commandLine));
        Files.write(commandLine, "java\0sample\0gr\u00fcn.png\0".getBytes(StandardCharsets.ISO_8859_1));
        var refused = assertThrows(IllegalStateException.class, () -> Arguments.asUtf8(lost, commandLine));
        assertTrue(refused.getMessage().startsWith("argument 2, 'gr??n.png', is neither"), refused.getMessage());
        assertThrows(IllegalStateException.class, () -> Arguments.asUtf8(lost, folder.resolve("absent")));
    }

    @Test
    void jvmOptionsArePassedOnExceptThoseThatHoldAPortOrAreGone() {
        List<String> command = Launcher.command(
                THIS,
                List.of("-Xmx2g", "-Da=b c", "-agentlib:jdwp=transport=dt_socket,address=1", "--illegal-access=permit"),
                new String[0]);
        assertTrue(command.containsAll(List.of("-Xmx2g", "-Da=b c", "-XX:+IgnoreUnrecognizedVMOptions")));
        assertFalse(command.toString().contains("jdwp"));
        assertFalse(command.toString().contains("illegal-access"));
    }

    @Test
    void whatIsChosenForAQuickStartYieldsToTheUsersChoice() {
        var theirs = "-XX:TieredStopAtLevel=4";
        List<String> command = Launcher.command(THIS, List.of(theirs), new String[0]);
        assertTrue(command.indexOf("-XX:TieredStopAtLevel=1") > 0, "the JVM takes the last of two");
        assertTrue(command.indexOf("-XX:TieredStopAtLevel=1") < command.indexOf(theirs));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 130})
    void theExitStatusOfTheChildIsForwarded(int status) throws Exception {
        assertEquals(status, Child.run(java(Exit.class, String.valueOf(status)), Map.of()));
    }

    @Test
    @EnabledOnOs(
            value = {OS.LINUX, OS.MAC},
            disabledReason = "Windows has no SIGTERM")
    void sigtermReachesTheChildAndItsStatusIsWaitedFor() throws Exception {
        Process launcher = new ProcessBuilder(java(RunChild.class, "TERM")).start();
        assertEquals('c', launcher.getInputStream().read(), "the child has started");
        ProcessHandle child = launcher.children().findFirst().orElseThrow();
        assertEquals(
                0,
                new ProcessBuilder("kill", "-TERM", "" + launcher.pid()).start().waitFor());
        assertEquals(143, launcher.waitFor());
        // An ended process counts as alive until the system has reaped it, which on a busy machine takes a moment.
        child.onExit().get(10, TimeUnit.SECONDS);
    }

    @Test
    @EnabledOnOs(
            value = {OS.LINUX, OS.MAC},
            disabledReason = "Windows has no SIGKILL")
    void aLauncherThatIsKilledTakesItsChildWithIt() throws Exception {
        Process launcher = new ProcessBuilder(java(RunOrphan.class)).start();
        assertEquals('c', launcher.getInputStream().read(), "the child has started");
        ProcessHandle child = launcher.children().findFirst().orElseThrow();
        assertTrue(launcher.toHandle().destroyForcibly());
        child.onExit().get(20, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @CsvSource({
        "'7 (java) S 1 7 7 34816 7 0', true",
        "'7 (a) b) S 1 7 7 34816 9 0', false",
        "'7 (java) S 1 7 7 0 -1 0', false"
    })
    void onlyTheTerminalsForegroundGroupGetsItsCtrlC(String stat, boolean expected) {
        assertEquals(expected, Child.isInForeground(stat));
    }

    /** Ends with the given status. */
    static final class Exit {
        private Exit() {}

        public static void main(String[] args) {
            System.exit(Integer.parseInt(args[0]));
        }
    }

    /** Says that it runs, then waits for ever. */
    static final class Wait {
        private Wait() {}

        public static void main(String[] args) throws InterruptedException {
            System.out.print("c");
            System.out.flush();
            Thread.sleep(Long.MAX_VALUE);
        }
    }

    /** Waits for ever, as long as its launcher lives. */
    static final class Orphan {
        private Orphan() {}

        public static void main(String[] args) throws InterruptedException {
            Parent.endWith(7);
            Wait.main(args);
        }
    }

    /** Starts a child as the launcher does, which names its own process to it. */
    static final class RunOrphan {
        private RunOrphan() {}

        public static void main(String[] args) throws Exception {
            List<String> command = java(Orphan.class);
            String launcher = Launcher.command(THIS, List.of(), args).stream()
                    .filter(option -> option.startsWith("-Dddpm.launcher="))
                    .findFirst()
                    .orElseThrow();
            command.add(1, launcher);
            System.exit(Child.run(command, Map.of()));
        }
    }

    /** What the launcher does once it has found a Java. */
    static final class RunChild {
        private RunChild() {}

        public static void main(String[] args) throws Exception {
            System.exit(Child.run(java(Wait.class), Map.of()));
        }
    }

    private static List<String> java(Class<?> main, String... args) {
        List<String> command = new ArrayList<>(
                List.of(THIS.executable().toString(), "-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(args));
        return command;
    }
}
