package ddpm.torch.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundledNativesTest {
    private static final List<String> USUAL = List.of(
            "libc10.so",
            "libgomp.so.1",
            "libjnijavacpp.so",
            "libjniopenblas_nolapack.so",
            "libopenblas.so.0",
            "libtorch_cpu.so");

    @TempDir
    private Path temp;

    @Test
    void takesLibrariesAndNothingElse() throws Exception {
        BundledNatives found = FakeNatives.find(FakeNatives.usual().writeTo(temp.resolve("all.jar")));
        assertEquals(USUAL, names(found));
        assertEquals(1000 + 500 + 900 + 800 + 2000 + 300_000, found.totalSize());
    }

    @Test
    void libtorchsOwnRuntimeWinsOverAnotherProjects() throws Exception {
        BundledNatives found = FakeNatives.find(FakeNatives.usual().writeTo(temp.resolve("all.jar")));
        assertEquals(500, find(found, "libgomp.so.1").size());
    }

    @Test
    void separateJarsWithoutFolderEntriesGiveTheSameKeyAsOneJar() throws Exception {
        Path torch = new FakeNatives()
                .with(FakeNatives.TORCH + "libc10.so", FakeNatives.bytes(1000, 1))
                .with(FakeNatives.TORCH + "libgomp.so.1", FakeNatives.bytes(500, 3))
                .with(FakeNatives.TORCH + "libtorch_cpu.so", FakeNatives.bytes(300_000, 2))
                .writeTo(temp.resolve("torch.jar"));
        Path blas = new FakeNatives()
                .with(FakeNatives.BLAS + "libjniopenblas_nolapack.so", FakeNatives.bytes(800, 11))
                .with(FakeNatives.BLAS + "libopenblas.so.0", FakeNatives.bytes(2000, 7))
                .writeTo(temp.resolve("blas.jar"));
        Path javacpp = new FakeNatives()
                .with(FakeNatives.JAVACPP + "libjnijavacpp.so", FakeNatives.bytes(900, 12))
                .writeTo(temp.resolve("javacpp.jar"));
        Path one = FakeNatives.usual().writeTo(temp.resolve("all.jar"));
        assertEquals(
                FakeNatives.find(one).key(),
                FakeNatives.find(javacpp, blas, torch).key());
    }

    @Test
    void oneChangedByteChangesTheKey() throws Exception {
        BundledNatives before = FakeNatives.find(FakeNatives.usual().writeTo(temp.resolve("1.jar")));
        byte[] other = FakeNatives.bytes(1000, 1);
        other[500]++;
        BundledNatives after = FakeNatives.find(
                FakeNatives.usual().with(FakeNatives.TORCH + "libc10.so", other).writeTo(temp.resolve("2.jar")));
        assertEquals(before.totalSize(), after.totalSize());
        assertNotEquals(before.key(), after.key());
    }

    @Test
    void aClassPathWithoutLibtorchIsEmptyAndNotAnError() throws Exception {
        Path blas = new FakeNatives()
                .with(FakeNatives.BLAS + "libopenblas.so.0", new byte[3])
                .writeTo(temp.resolve("blas.jar"));
        try (URLClassLoader loader = new URLClassLoader(new URL[] {blas.toUri().toURL()}, null)) {
            assertEquals(Optional.empty(), BundledNatives.find(loader, FakeNatives.PLATFORM));
        }
    }

    @Test
    void nothingOnThePathNamesArtifactsAndModules() {
        var text = TorchFolder.nothingFor("macosx-arm64");
        assertTrue(text.contains("io.github.ddpm:ddpm-natives-macosx-arm64"), text);
        assertTrue(text.contains("--add-modules org.bytedeco.pytorch.macosx.arm64"), text);
        var none = TorchFolder.nothingFor("linux-arm64");
        assertTrue(none.contains("none is published for it, but for linux-x86_64, macosx-arm64"), none);
        assertFalse(none.contains("ddpm-natives-"), none);
        assertTrue(TorchFolder.nothingBundled().startsWith("no libtorch for "), TorchFolder.nothingBundled());
    }

    @Test
    void platformsAreNamedAsJavaCppNamesThem() {
        assertEquals("linux-x86_64", BundledNatives.platform("Linux", "amd64"));
        assertEquals("linux-arm64", BundledNatives.platform("Linux", "aarch64"));
        assertEquals("macosx-arm64", BundledNatives.platform("Mac OS X", "aarch64"));
        assertEquals("windows-x86_64", BundledNatives.platform("Windows 11", "amd64"));
    }

    @Test
    void theRealJarsHoldWhatLibtorchNeeds() throws Exception {
        BundledNatives real =
                BundledNatives.find(BundledNatives.class.getClassLoader()).orElseThrow();
        String all = String.join(" ", names(real));
        for (String needed :
                List.of("torch_cpu", "c10", "openblas", "jnitorch", "jnijavacpp", "jniopenblas_nolapack")) {
            assertTrue(all.contains(needed), () -> needed + " is not among " + all);
        }
    }

    private static List<String> names(BundledNatives found) {
        return found.libraries().stream().map(BundledNatives.Library::name).toList();
    }

    private static BundledNatives.Library find(BundledNatives found, String name) {
        return found.libraries().stream()
                .filter(library -> library.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
