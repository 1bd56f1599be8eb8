package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.launch.Launcher;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class MainTest {
    @Test
    void helpGoesToStandardOutputAndIsNoError() {
        var run = Cli.run("--help");
        assertEquals(0, run.status());
        assertTrue(run.out().contains("Usage: ddpm"), run.out());
        assertTrue(run.out().contains("no usable libtorch"), run.out());
        assertEquals("", run.err());
    }

    /** The launcher has it from a file, because it is there a quarter of a second sooner. */
    @ParameterizedTest
    @CsvSource({"false, OFF, help.txt", "true, ON, help-coloured.txt"})
    void theHelpThatTheLauncherPrintsIsThis(String ansi, CommandLine.Help.Ansi colours, String file) throws Exception {
        try (var in = Launcher.class.getResourceAsStream(file)) {
            assertEquals(
                    Main.commandLine("--help").getUsageMessage(colours).replace("\r\n", "\n"),
                    new String(in.readAllBytes(), StandardCharsets.US_ASCII),
                    () -> "renew src/main/resources/ddpm/launch/" + file + " with what java -Dpicocli.ansi=" + ansi
                            + " -jar ddpm-cli/target/ddpm-cli.jar --help prints");
        }
    }

    @Test
    void versionNamesTheProgramAndTheJava() {
        var run = Cli.run("--version");
        assertEquals(0, run.status());
        assertTrue(run.out().startsWith("ddpm "), run.out());
        assertTrue(run.out().contains("Java " + Runtime.version()), run.out());
    }

    @Test
    void noCommandIsWrongUsageThatNamesTheCommands() {
        var run = Cli.run();
        assertEquals(ExitCode.USAGE.status(), run.status());
        assertEquals("", run.out());
        assertTrue(
                run.err()
                        .startsWith(
                                "ddpm: missing command: one of sample, train, evaluate, quality, compress, interpolate,"
                                        + " inpaint, data, model, info, convert, doctor"),
                run.err());
    }

    @Test
    void anUnknownOptionIsWrongUsageByName() {
        var run = Cli.run("--frobnicate");
        assertEquals(ExitCode.USAGE.status(), run.status());
        assertTrue(run.err().contains("--frobnicate"), run.err());
    }

    @Test
    void aMisspeltOptionIsAnsweredWithTheRightOne() {
        var run = Cli.run("sample", "--conut", "3");
        assertEquals(ExitCode.USAGE.status(), run.status());
        assertTrue(run.err().contains("'--conut'") && run.err().contains("--count"), run.err());
    }

    @Test
    void aStackTraceIsPrintedOnlyWhenAskedFor() {
        assertEquals(1, Cli.run("info", "no-such-file").err().lines().count());
        for (var args : List.of(List.of("--verbose", "info"), List.of("info", "--verbose"))) {
            var verbose = Cli.run(args.get(0), args.get(1), "no-such-file").err();
            assertTrue(verbose.startsWith("ddpm: no-such-file: there is no such file"), verbose);
            assertTrue(verbose.contains("\tat ddpm.io."), verbose);
        }
    }

    /** {@code /dev/full} is a disk without room. */
    @ParameterizedTest
    @EnabledOnOs(value = OS.LINUX, disabledReason = "there is no /dev/full elsewhere")
    @ValueSource(
            strings = {"--version", "--help", "info", "info --json", "doctor", "generate-completion", "sample", "data"})
    void aResultThatStandardOutputLostIsAFailure(String command, @TempDir Path folder) throws Exception {
        var args = switch (command) {
            case "sample" ->
                List.of(
                        "sample",
                        "--steps",
                        "1",
                        "-n",
                        "1",
                        "-q",
                        "-o",
                        folder.resolve("a.png").toString());
            case "data" ->
                List.of(
                        "data",
                        "verify",
                        Cli.threePictures(folder.resolve("three")).toString());
            default -> List.of(command.split(" "));
        };
        var process = Cli.process(List.of(), args)
                .redirectOutput(Path.of("/dev/full").toFile())
                .start();
        var err = new String(process.getErrorStream().readAllBytes());
        assertEquals(ExitCode.FAILED.status(), process.waitFor(), err);
        assertTrue(err.contains("ddpm: standard output: not written whole: No space left on device"), err);
    }

    @Test
    void theCompletionScriptKnowsTheCommands() {
        var run = Cli.run("generate-completion");
        assertEquals(0, run.status());
        assertTrue(run.out().contains("sample") && run.out().contains("--trajectory"));
    }

    /** Starting must be quick. Whoever loaded libtorch here would fail; ImageIO is watched by the JVM itself. */
    @ParameterizedTest
    @ValueSource(strings = {"--help", "--version", "sample --help", "info"})
    void lightCommandsLoadNeitherLibtorchNorImageIo(String args) throws Exception {
        var process = Cli.process(List.of("-Xlog:class+load"), List.of(args.split(" ")))
                .redirectErrorStream(true);
        process.environment().put("DDPM_LIBTORCH", "/there/is/none");
        var started = process.start();
        var log = new String(started.getInputStream().readAllBytes());
        assertEquals(0, started.waitFor(), log);
        assertTrue(log.contains(" ddpm.cli.Main "), log);
        assertFalse(log.contains(" javax.imageio.ImageIO "), "ImageIO was loaded");
    }

    @Test
    void commandsThatAreNotNamedAreListedAlike() {
        var outlined = Cli.run("--help");
        var whole = Cli.run("--help", "generate-completion"); // which needs to read all
        assertEquals(0, outlined.status());
        assertEquals(whole.out(), outlined.out());
        assertEquals(
                2,
                Main.commandLine("info").getSubcommands().get("info").getCommandSpec().options().stream()
                        .filter(option -> option.longestName().matches("--help|--version"))
                        .count());
        assertTrue(Main.commandLine("info").getSubcommands().get("sample").getCommandSpec().options().stream()
                .noneMatch(option -> option.longestName().equals("--steps")));
    }

    @Test
    void anAtSignBeginsAFilesNameNotAFileOfArguments(@TempDir Path folder) throws IOException {
        var arguments = Files.writeString(folder.resolve("@pics"), "--steps\n0\n");
        var run = Cli.run("info", "@" + arguments);
        assertEquals(1, run.status());
        assertTrue(run.err().startsWith("ddpm: @" + arguments + ": there is no such file"), run.err());
        assertEquals(2, Cli.run("@" + arguments).status());
        var out = folder.resolve("@out.png");
        var drawn = Cli.run("sample", "--steps", 1, "-n", 1, "-q", "-o", out);
        assertEquals(0, drawn.status(), drawn.err());
        assertTrue(Files.exists(out));
    }
}
