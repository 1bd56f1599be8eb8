package ddpm.torch.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PythonTorchTest {
    @TempDir
    private Path folder;

    private static void requirePython() {
        assumeTrue(
                Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                        .anyMatch(entry -> Files.isExecutable(Path.of(entry, "python3"))),
                "no python3 on PATH");
    }

    /** A package of that name is found by a real python3 without being run. */
    @Test
    void aPackageIsFoundWithoutRunningIt() throws IOException {
        requirePython();
        var torch = Files.createDirectories(folder.resolve("site/torch"));
        Files.writeString(torch.resolve("__init__.py"), "raise SystemExit('imported')\n");
        var found = PythonTorch.folder(List.of("env", "PYTHONPATH=" + folder.resolve("site"), "python3"));
        assertEquals(torch.toRealPath(), found.toRealPath());
    }

    @Test
    void withoutAPackageItSaysWhatToDo() {
        requirePython();
        var e = assertThrows(IOException.class, () -> PythonTorch.folder(List.of("python3", "-I", "-S")));
        assertTrue(e.getMessage().contains("python3 has no torch package; activate"), e.getMessage());
    }

    @Test
    void aPythonThatFailsIsQuoted() throws IOException {
        var e = assertThrows(
                IOException.class,
                () -> PythonTorch.folder(List.of(script("echo noise; echo 'ImportError: broken' >&2; exit 1"))));
        assertTrue(e.getMessage().contains("cannot say where its torch is: ImportError: broken"), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
    }

    @Test
    void whatSiteScriptsPrintIsNoAnswer() throws IOException {
        var found = PythonTorch.folder(List.of(script("echo hello; echo ddpm-torch=/opt/torch; echo bye")));
        assertEquals(Path.of("/opt/torch"), found);
    }

    @Test
    void noPythonIsARefusal() {
        var e = assertThrows(
                IOException.class,
                () -> PythonTorch.folder(List.of(folder.resolve("python3").toString())));
        assertTrue(e.getMessage().contains("cannot be run"), e.getMessage());
    }

    @Test
    void autoMeansPythonUnlessAFolderIsCalledSo() {
        assertTrue(PythonTorch.isMeantBy("auto"));
        assertFalse(PythonTorch.isMeantBy("./auto"));
        assertFalse(PythonTorch.isMeantBy(folder.toString()));
    }

    private String script(String body) throws IOException {
        var file = folder.resolve("python3-fake");
        Files.writeString(file, "#!/bin/sh\n" + body + "\n");
        assertTrue(file.toFile().setExecutable(true));
        return file.toString();
    }
}
