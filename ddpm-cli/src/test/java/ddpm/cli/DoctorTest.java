package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorTest {
    @TempDir
    Path folder;

    @Test
    void aMachineThatWorksIsSaidToWork() {
        var run = Cli.run("doctor", "--device", "cpu");
        assertEquals(0, run.status(), run.out());
        assertTrue(run.out().contains("Java         " + Runtime.version()), run.out());
        assertTrue(run.out().contains("unpacked without damage"), run.out());
        assertTrue(run.out().contains("convolution  right"), run.out());
        assertTrue(run.out().contains("bf16         right"), run.out());
        assertTrue(run.out().lines().allMatch(line -> line.startsWith("ok ")), run.out());
    }

    @Test
    void jsonListsEveryCheck() throws IOException {
        Map<String, Object> json =
                JSON.std.mapFrom(Cli.run("doctor", "--json", "--device", "cpu").out());
        assertEquals(true, json.get("ok"));
        var names = ((List<?>) json.get("checks"))
                .stream().map(check -> ((Map<?, ?>) check).get("name")).toList();
        assertEquals(
                List.of(
                        "ddpm",
                        "Java",
                        "system",
                        "cache",
                        "network",
                        "hub",
                        "libtorch",
                        "CUDA",
                        "device",
                        "convolution",
                        "fp32",
                        "bf16"),
                names);
    }

    @Test
    void aDeviceThatIsNotThereIsAFailureWithWhatToDo() {
        var run = Cli.run("doctor", "--device", "cuda:99");
        assertEquals(ExitCode.NO_DEVICE.status(), run.status());
        assertTrue(run.out().contains("FAILED  device") && run.out().contains("use --device cpu"), run.out());
    }

    @Test
    void aFolderWithoutLibtorchIsAFailureWithWhatToDo() {
        var run = Cli.run("doctor", "--libtorch", folder);
        assertEquals(ExitCode.NO_LIBTORCH.status(), run.status());
        assertTrue(run.out().contains("FAILED  libtorch  no libtorch in " + folder), run.out());
    }

    /** In a JVM of its own: this one has loaded its libtorch for good. */
    @Test
    void aLibtorchThatIsTooOldIsRefusedBeforeItsCodeRuns() throws Exception {
        var lib = Files.createDirectories(folder.resolve("torch/lib"));
        Files.writeString(lib.resolve(System.mapLibraryName("torch_cpu")), "an old library without the symbol");
        Files.writeString(folder.resolve("torch/version.py"), "__version__ = '1.13.1'\n");
        var process = Cli.process(List.of(), List.of("doctor")).redirectErrorStream(true);
        process.environment().put("DDPM_LIBTORCH", folder.toString());
        var started = process.start();
        var text = new String(started.getInputStream().readAllBytes());
        assertEquals(ExitCode.NO_LIBTORCH.status(), started.waitFor(), text);
        assertTrue(text.contains("(version 1.13.1) is too old"), text);
    }

    @Test
    void aHomeThatCannotBeWrittenToIsAnsweredWithWhatToDo() throws Exception {
        var file = Files.writeString(folder.resolve("file"), "");
        var process = Cli.process(
                List.of(),
                List.of("sample", "-n", "1", "-o", folder.resolve("a/b.png").toString()));
        process.environment().put("DDPM_CACHE", file.resolve("cache").toString());
        process.environment().remove("DDPM_LIBTORCH");
        var started = process.start();
        var text = new String(started.getErrorStream().readAllBytes());
        assertEquals(ExitCode.NO_LIBTORCH.status(), started.waitFor(), text);
        assertTrue(text.startsWith("ddpm: Cannot unpack libtorch") && text.contains("Set DDPM_CACHE"), text);
        assertTrue(Files.notExists(folder.resolve("a")), "nothing was made");
    }
}
