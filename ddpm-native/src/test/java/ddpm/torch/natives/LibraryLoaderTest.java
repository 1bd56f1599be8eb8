package ddpm.torch.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryLoaderTest {
    @TempDir
    private Path folder;

    @Test
    void theLinkersWordsNameTheMissingLibrary() {
        assertEquals(
                Optional.of("libcudnn.so.9"),
                LibraryLoader.missing("/a/libtorch_cuda.so: libcudnn.so.9: cannot open shared object file: No such file"
                        + " or directory"));
        assertEquals(Optional.empty(), LibraryLoader.missing("/a/libx.so: undefined symbol: foo"));
        assertEquals(Optional.empty(), LibraryLoader.missing("/a/libx.so: file too short"));
    }

    @Test
    void whatALibraryNeedsIsFoundElsewhereAlsoAtSecondHand() throws Exception {
        var lib = compiled("first", "second", "third");
        var loader = new LibraryLoader(
                List.of(folder.resolve("nowhere"), folder.resolve("second"), folder.resolve("third")));
        loader.load(lib);
    }

    @Test
    void whatIsNowhereIsNamedByTheLinker() throws Exception {
        var lib = compiled("alone", "absent", "beyond");
        var loader = new LibraryLoader(List.of(folder.resolve("absent")));
        var e = assertThrows(UnsatisfiedLinkError.class, () -> loader.load(lib));
        assertEquals(Optional.of("libddpmbeyond.so"), LibraryLoader.missing(e.getMessage()));
    }

    @Test
    void aPipPackagesNeighboursAndTheToolkitsAreLookedThrough() throws Exception {
        var torch = Files.createDirectories(folder.resolve("lib/python3.12/site-packages/torch/lib"));
        var nvidia = folder.resolve("lib/python3.12/site-packages/nvidia");
        Files.createDirectories(nvidia.resolve("cu13/lib"));
        Files.createDirectories(nvidia.resolve("cudnn/lib"));
        var folders = LibraryLoader.cudaFolders(torch);
        assertEquals(torch, folders.getFirst());
        assertTrue(folders.contains(nvidia.resolve("cu13/lib")), folders.toString());
        assertTrue(folders.contains(nvidia.resolve("cudnn/lib")), folders.toString());
        assertTrue(folders.contains(folder.resolve("lib")), "a conda environment's: " + folders);
        assertTrue(folders.contains(Path.of("/usr/local/cuda/lib64")), folders.toString());
    }

    /** libddpmA.so in folder A needs B's, which needs C's; no run paths. */
    private Path compiled(String a, String b, String c) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gcc")), "no gcc to make libraries with");
        compile(c, null);
        compile(b, c);
        return compile(a, b);
    }

    private Path compile(String name, String needs) throws Exception {
        var home = Files.createDirectories(folder.resolve(name));
        var source = home.resolve(name + ".c");
        Files.writeString(
                source,
                needs == null
                        ? "int ddpm_" + name + "(void) { return 1; }\n"
                        : "int ddpm_" + needs + "(void);\nint ddpm_" + name + "(void) { return ddpm_" + needs
                                + "(); }\n");
        var library = home.resolve("libddpm" + name + ".so");
        var command = new java.util.ArrayList<>(
                List.of("/usr/bin/gcc", "-shared", "-fPIC", "-o", library.toString(), source.toString()));
        command.add("-Wl,-soname," + library.getFileName());
        if (needs != null) {
            command.add(folder.resolve(needs).resolve("libddpm" + needs + ".so").toString());
        }
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), said);
        return library;
    }
}
