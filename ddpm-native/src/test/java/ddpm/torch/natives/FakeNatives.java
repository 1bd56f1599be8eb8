package ddpm.torch.natives;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;

/** A jar laid out as bytedeco's are, with contents of a test's choice, for a platform that does not exist. */
final class FakeNatives {
    static final String PLATFORM = "linux-fake";
    static final String TORCH = "org/bytedeco/pytorch/linux-fake/";
    static final String BLAS = "org/bytedeco/openblas/linux-fake/";
    static final String JAVACPP = "org/bytedeco/javacpp/linux-fake/";

    private final Map<String, byte[]> entries = new LinkedHashMap<>();

    FakeNatives with(String entry, byte[] contents) {
        entries.put(entry, contents);
        return this;
    }

    /** One shaded jar's worth of everything: libraries, and files that are none. */
    static FakeNatives usual() {
        return new FakeNatives()
                .with("org/", new byte[0])
                .with(TORCH, new byte[0])
                .with(TORCH + "libc10.so", bytes(1000, 1))
                .with(TORCH + "libtorch_cpu.so", bytes(300_000, 2))
                .with(TORCH + "libgomp.so.1", bytes(500, 3))
                .with(TORCH + "jnijavacpp.cpp", bytes(100, 4))
                .with(TORCH + "include/torch.h", bytes(100, 5))
                .with(TORCH + "lib/other.so", bytes(100, 6))
                .with(BLAS, new byte[0])
                .with(BLAS + "libopenblas.so.0", bytes(2000, 7))
                .with(BLAS + "libgomp.so.1", bytes(501, 8))
                .with(BLAS + "libjniopenblas.so", bytes(600, 9))
                .with(BLAS + "libjniopenblas_full.so", bytes(700, 10))
                .with(BLAS + "libjniopenblas_nolapack.so", bytes(800, 11))
                .with(JAVACPP, new byte[0])
                .with(JAVACPP + "libjnijavacpp.so", bytes(900, 12));
    }

    /** Bytes that differ by seed and do not repeat with a short period. */
    static byte[] bytes(int size, long seed) {
        byte[] bytes = new byte[size];
        new java.util.Random(seed).nextBytes(bytes);
        return bytes;
    }

    Path writeTo(Path jar) throws IOException {
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                out.putNextEntry(new ZipEntry(entry.getKey()));
                out.write(entry.getValue());
                out.closeEntry();
            }
        }
        return jar;
    }

    /** What is found in the given jars, in the order of a class path. */
    static BundledNatives find(Path... jars) throws IOException {
        URL[] urls = new URL[jars.length];
        for (int i = 0; i < jars.length; i++) {
            urls[i] = jars[i].toUri().toURL();
        }
        try (URLClassLoader loader = new URLClassLoader(urls, null)) {
            return BundledNatives.find(loader, PLATFORM).orElseThrow();
        }
    }
}
