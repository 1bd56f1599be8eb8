package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class MainTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        CommandLine command = Main.commandLine();
        command.setOut(new PrintWriter(out));
        command.setErr(new PrintWriter(err));
        return command.execute(args);
    }

    @Test
    void helpGoesToStandardOutputAndIsNoError() {
        assertEquals(0, run("--help"));
        assertTrue(out.toString().contains("Usage: ddpm"), out.toString());
        assertTrue(out.toString().contains("no usable libtorch"), out.toString());
        assertEquals("", err.toString());
    }

    @Test
    void versionNamesTheProgramAndTheJava() {
        assertEquals(0, run("--version"));
        assertTrue(out.toString().startsWith("ddpm "), out.toString());
        assertTrue(out.toString().contains("Java " + Runtime.version()), out.toString());
    }

    @Test
    void noCommandIsWrongUsageWithNothingOnStandardOutput() {
        assertEquals(ExitCode.USAGE.status(), run());
        assertEquals("", out.toString());
        assertTrue(err.toString().startsWith("Missing command"), err.toString());
    }

    @Test
    void anUnknownOptionIsWrongUsageByName() {
        assertEquals(ExitCode.USAGE.status(), run("--frobnicate"));
        assertTrue(err.toString().contains("--frobnicate"), err.toString());
    }
}
