package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.cli.process.CtrlC;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class CtrlCTest {
    @TempDir
    Path folder;

    /** SIGTERM takes the same way as Ctrl-C, and unlike SIGINT no parent can have had it ignored. */
    @Test
    @EnabledOnOs(
            value = {OS.LINUX, OS.MAC},
            disabledReason = "Windows has no such signals")
    void aSignalEndsARunningCommandCleanly() throws Exception {
        var model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        var out = folder.resolve("out");
        var process = Cli.process(
                        List.of(),
                        List.of("sample", "-m", model.toString(), "-n", "1000000", "--batch", "1", "-o", out + "/"))
                .start();
        var err = new BufferedReader(new InputStreamReader(process.getErrorStream()));
        assertTrue(err.readLine().startsWith("model tiny.safetensors: 1000000 images"));
        while (!Files.exists(out.resolve("image-000001.png"))) {
            assertTrue(process.isAlive());
            Thread.sleep(5);
        }
        process.toHandle().destroy(); // Process.destroy would close its streams too
        assertEquals(128 + 15, process.waitFor());
        assertTrue(err.lines().anyMatch(line -> line.startsWith("ddpm: interrupted")));
        try (var files = Files.list(out)) {
            for (var file : files.toList()) {
                assertEquals(16, ImageIO.read(file.toFile()).getWidth(), file + " is whole");
            }
        }
    }

    @Test
    void aCommandsStatusPassesThrough() {
        assertEquals(7, CtrlC.interrupts(() -> 7));
    }
}
