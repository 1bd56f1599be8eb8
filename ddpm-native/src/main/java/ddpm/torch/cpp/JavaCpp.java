package ddpm.torch.cpp;

import ddpm.torch.TorchException;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.bytedeco.javacpp.ClassProperties;
import org.bytedeco.javacpp.Loader;

/**
 * Makes JavaCPP's generated classes ({@code org.bytedeco.pytorch}) run on the libtorch that this JVM already uses.
 *
 * <p>Left alone, JavaCPP's {@link Loader} unpacks its own copy of each library into {@code ~/.javacpp/cache} and loads
 * it from there. With that cache empty it loads {@code libtorch.so} before {@code libtorch_cpu.so} is unpacked, which
 * ends the JVM with SIGSEGV; with it full, the process holds a second libtorch whose tensors are not this one's. So,
 * before any generated class is initialised, this class
 *
 * <ol>
 *   <li>initialises the presets and the OpenBLAS bindings while JavaCPP is told not to load libraries. That silences the
 *       warning that javacpp 1.5.14 and openblas 1.5.13 differ, and spares two bindings (48 MB) that libtorch's own does
 *       not call;
 *   <li>hands each library of the given folder to the Loader under the name by which the Loader will ask for it, in the
 *       Loader's own order;
 *   <li>initialises the generated entry classes, whose native methods now resolve, again without loading;
 *   <li>lets the Loader look everything up once in that folder, so that it remembers where it was found.
 * </ol>
 *
 * <p>Only public methods of the Loader are used and none of its switches stays changed, so other JavaCPP libraries in
 * the same JVM keep working. While {@link #ready} runs the first time, other threads must not load JavaCPP libraries.
 * {@code org.bytedeco.openblas} itself cannot be called afterwards.
 */
public final class JavaCpp {
    private static final String LOAD_LIBRARIES = "org.bytedeco.javacpp.loadLibraries";
    private static final String CACHE = "org.bytedeco.javacpp.cachedir";

    /** Classes without native state of their own whose initialisers only check versions or load OpenBLAS's bindings. */
    private static final List<String> WITHOUT_LIBRARIES = List.of(
            "org.bytedeco.openblas.presets.openblas_nolapack",
            "org.bytedeco.openblas.presets.openblas",
            "org.bytedeco.openblas.global.openblas_nolapack",
            "org.bytedeco.openblas.global.openblas",
            "org.bytedeco.pytorch.presets.torch",
            "org.bytedeco.pytorch.presets.torch_gloo");

    private static Path readyOn;

    private JavaCpp() {}

    /**
     * Makes {@code org.bytedeco.pytorch} usable, on exactly the libraries in the given folder; call it before the first
     * use of any of its classes. A second call with the same folder does nothing. Thread-safe.
     *
     * @param nativesFolder the flat folder of bundled libraries that libtorch was, or is to be, loaded from
     * @throws TorchException if the folder lacks JavaCPP's binding (as a pip or conda libtorch does), if JavaCPP has
     *     already loaded a libtorch from elsewhere, or if a library cannot be loaded
     */
    public static synchronized void ready(Path nativesFolder) {
        Path folder = nativesFolder.toAbsolutePath().normalize();
        if (folder.equals(readyOn)) {
            return;
        }
        if (!Files.isRegularFile(folder.resolve(System.mapLibraryName("jnitorch")))) {
            throw new TorchException("JavaCPP's binding " + System.mapLibraryName("jnitorch") + " is not in " + folder
                    + "; org.bytedeco.pytorch works only with the bundled libtorch, not with an external one");
        }
        if (readyOn != null) {
            throw new TorchException("JavaCPP already runs on the libtorch in " + readyOn + " and cannot change to "
                    + folder + "; use one libtorch per JVM");
        }
        if (System.getProperty(CACHE) == null) {
            // For the one link that the Loader makes for OpenBLAS's second name; the user's home may be read-only.
            System.setProperty(CACHE, folder.resolveSibling("javacpp").toString());
        }
        refuseAnotherLibtorch(folder);
        try {
            withoutLoading(() -> {
                for (String name : WITHOUT_LIBRARIES) {
                    initialise(name);
                }
            });
            Properties properties = properties(folder);
            bind("org.bytedeco.pytorch.global.torch", folder, properties);
            if (Files.exists(folder.resolve(System.mapLibraryName("jnitorch_gloo")))) {
                bind("org.bytedeco.pytorch.global.torch_gloo", folder, properties);
            }
        } catch (ClassNotFoundException | MalformedURLException | LinkageError e) {
            throw new TorchException(
                    "JavaCPP's classes for libtorch cannot be used with " + folder + ": " + e.getMessage()
                            + "; org.bytedeco:pytorch, openblas and javacpp must be on the class path with the versions"
                            + " that ddpm-native names",
                    e);
        }
        readyOn = folder;
    }

    private static void refuseAnotherLibtorch(Path folder) {
        String loaded = Loader.getLoadedLibraries().get("torch_cpu");
        if (loaded != null && !folder.equals(Path.of(loaded).getParent())) {
            throw new TorchException("JavaCPP has already loaded " + loaded + ", and tensors of two libtorchs cannot be"
                    + " exchanged; load libtorch through ddpm (LibTorch.load, then JavaCpp.ready) before the first use of"
                    + " org.bytedeco.pytorch");
        }
    }

    /** The Loader's defaults for this platform, a copy, with our folder as the first place to look. */
    private static Properties properties(Path folder) {
        Properties properties = Loader.loadProperties(Loader.getPlatform(), null);
        properties.setProperty("platform.linkpath", folder.toString());
        properties.setProperty("platform.preloadpath", folder.toString());
        // Said even if empty: otherwise the Loader also tries what the CUDA build would need.
        boolean cuda = Files.exists(folder.resolve(System.mapLibraryName("torch_cuda")));
        properties.setProperty("platform.extension", cuda ? "-gpu" : "");
        return properties;
    }

    /** Steps 2 to 4 of the class comment for one generated entry class. */
    private static void bind(String name, Path folder, Properties properties)
            throws ClassNotFoundException, MalformedURLException {
        Class<?> entry = Class.forName(name, false, JavaCpp.class.getClassLoader());
        ClassProperties described = Loader.loadProperties(entry, properties, true);
        List<String> libraries = new ArrayList<>(described.get("platform.preload"));
        libraries.addAll(described.get("platform.link"));
        libraries.add("jnijavacpp");
        libraries.add(described.getProperty("platform.library"));
        for (String library : libraries) {
            for (URL found : Loader.findLibrary(entry, described, library, true)) {
                // Without its fragment, which asks for a copy under a second name.
                Path file = file(found);
                if (file != null && folder.equals(file.getParent())) {
                    Loader.loadLibrary(entry, new URL[] {file.toUri().toURL()}, library);
                    break;
                }
            }
        }
        withoutLoading(() -> initialise(name));
        Loader.load(entry, properties, true);
    }

    private static Path file(URL url) {
        return url.getProtocol().equals("file") ? Path.of(URI.create("file:" + url.getPath())) : null;
    }

    private static void initialise(String name) throws ClassNotFoundException {
        Class.forName(name, true, JavaCpp.class.getClassLoader());
    }

    @FunctionalInterface
    private interface Initialisation {
        void run() throws ClassNotFoundException;
    }

    private static void withoutLoading(Initialisation initialisation) throws ClassNotFoundException {
        String before = System.setProperty(LOAD_LIBRARIES, "false");
        try {
            initialisation.run();
        } finally {
            if (before == null) {
                System.clearProperty(LOAD_LIBRARIES);
            } else {
                System.setProperty(LOAD_LIBRARIES, before);
            }
        }
    }
}
