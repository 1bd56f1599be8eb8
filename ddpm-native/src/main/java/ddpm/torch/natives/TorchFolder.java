package ddpm.torch.natives;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A folder with libtorch's libraries, not loaded yet.
 *
 * @param path the folder that holds {@code libtorch_cpu.so}
 * @param bundled whether its libraries were unpacked from the class path
 */
public record TorchFolder(Path path, boolean bundled) {
    /** The platforms that have an artifact {@code ddpm-natives-PLATFORM}. */
    static final List<String> PUBLISHED = List.of("linux-x86_64", "macosx-arm64", "windows-x86_64");

    private static final String NEEDS_CUDA =
            "; a libtorch for CUDA needs CUDA's libraries on this machine also to compute"
                    + " on the CPU: install them or let LD_LIBRARY_PATH or CUDA_HOME name where they are, or use a libtorch for CPUs";

    /**
     * A loaded libtorch.
     *
     * @param symbols the functions of its CPU half
     * @param builtForCuda whether the folder holds a CUDA half
     * @param cudaFailure the linker's words if the CUDA half could not be loaded, else empty
     */
    public record Loaded(SymbolLookup symbols, boolean builtForCuda, Optional<String> cudaFailure) {}

    /**
     * Unpacks the libtorch on the class path, if that has not been done yet.
     *
     * @param progress takes one line when something is unpacked or waited for
     * @return the folder, or empty if no libtorch for this platform is on the class path
     * @throws IOException if it cannot be unpacked
     */
    public static Optional<TorchFolder> bundled(Consumer<String> progress) throws IOException {
        return NativeCache.ready(progress).map(folder -> new TorchFolder(folder, true));
    }

    /**
     * Says that the class path and the module path hold no libtorch for this platform, which artifacts have it, and how they
     * are added.
     */
    public static String nothingBundled() {
        return nothingFor(BundledNatives.platform(System.getProperty("os.name"), System.getProperty("os.arch")));
    }

    static String nothingFor(String platform) {
        var module = platform.replace('-', '.');
        var missing = "no libtorch for " + platform + " is on the class path or among the resolved modules: ";
        if (!PUBLISHED.contains(platform)) {
            return missing + "none is published for it, but for " + String.join(", ", PUBLISHED);
        }
        return missing + "add the dependency io.github.ddpm:ddpm-natives-" + platform
                + " in the version of your ddpm-dsl (its type is pom); on the module path also"
                + " --add-modules org.bytedeco.pytorch." + module + ",org.bytedeco.openblas." + module
                + ",org.bytedeco.javacpp." + module;
    }

    /**
     * Compares the unpacked libtorch of the class path with its checksums, and unpacks it anew where it differs.
     *
     * @param progress takes one line when something is unpacked or waited for
     * @return whether it was right, or empty if no libtorch for this platform is on the class path
     * @throws IOException if it cannot be unpacked
     */
    public static Optional<Boolean> verifyBundled(Consumer<String> progress) throws IOException {
        return NativeCache.verify(progress);
    }

    /**
     * Finds the folder that a user's choice means.
     *
     * @param choice a folder, or {@code auto} for the torch package of the {@code python3} on PATH
     * @throws IOException if there is no such package
     */
    public static Path chosen(String choice) throws IOException {
        return PythonTorch.isMeantBy(choice) ? PythonTorch.folder() : Path.of(choice);
    }

    /**
     * Finds a libtorch in this folder, its {@code lib} folder or its {@code torch/lib} folder.
     *
     * @throws IOException if there is none, or one older than 2.10
     */
    public static TorchFolder in(Path given) throws IOException {
        var library = library("torch_cpu");
        var folder = List.of(given, given.resolve("lib"), given.resolve("torch/lib")).stream()
                .filter(candidate -> Files.isRegularFile(candidate.resolve(library)))
                .findFirst()
                .orElseThrow(() -> new IOException("no libtorch in " + given
                        + ": neither it nor its lib or torch/lib"
                        + " folder has a " + library + " (libtorch 2.10 or newer; 'import torch; print(torch.__path__)'"
                        + " in Python prints such a folder)"))
                .toAbsolutePath();
        ExternalLibrary.requireDispatcher(folder.resolve(library));
        return new TorchFolder(folder, false);
    }

    /**
     * Loads its libraries in an order in which each finds its dependencies already there, whatever the run paths say.
     *
     * @throws IOException if one of the CPU half cannot be loaded
     */
    public Loaded load() throws IOException {
        var names = bundled
                ? List.of("gcc_s", "quadmath", "gfortran", "openblas", "gomp", "omp", "iomp5", "c10", "torch_cpu")
                : List.of("c10", "torch_cpu");
        if (bundled) {
            UncleanEnds.markUntilTheEnd(path);
        }
        boolean forCuda = Files.isRegularFile(path.resolve(library("torch_cuda")));
        var loader = new LibraryLoader(forCuda ? LibraryLoader.cudaFolders(path) : List.of());
        try {
            load(loader, names);
        } catch (UnsatisfiedLinkError e) {
            throw new IOException(
                    "libtorch in " + path + " cannot be loaded: " + e.getMessage() + (forCuda ? NEEDS_CUDA : ""), e);
        }
        var symbols = SymbolLookup.libraryLookup(path.resolve(library("torch_cpu")), Arena.global())
                .or(SymbolLookup.libraryLookup(path.resolve(library("c10")), Arena.global()));
        return new Loaded(symbols, forCuda, forCuda ? loadCuda(loader) : Optional.empty());
    }

    private void load(LibraryLoader loader, List<String> names) throws IOException {
        for (var name : names) {
            find(name).ifPresent(loader::load);
        }
    }

    /** Without the CUDA half the CPU still computes, so its failure is kept until somebody asks for CUDA. */
    private Optional<String> loadCuda(LibraryLoader loader) throws IOException {
        try {
            load(loader, List.of("c10_cuda", "torch_cuda"));
            return Optional.empty();
        } catch (UnsatisfiedLinkError e) {
            return Optional.of(e.getMessage());
        }
    }

    /** Finds {@code libNAME.so}, also with a version behind it as in {@code libgomp.so.1}. */
    private Optional<Path> find(String name) throws IOException {
        var exact = library(name);
        try (var entries = Files.list(path)) {
            return entries.filter(entry -> {
                        var file = entry.getFileName().toString();
                        return file.equals(exact) || file.startsWith(exact + ".");
                    })
                    .sorted()
                    .findFirst();
        } catch (IOException e) {
            throw new IOException("cannot list " + path + ": " + e.getMessage(), e);
        }
    }

    private static String library(String name) {
        return System.mapLibraryName(name);
    }
}
