package ddpm.torch;

import ddpm.torch.natives.ExternalLibrary;
import ddpm.torch.natives.LibraryLoader;
import ddpm.torch.natives.NativeCache;
import ddpm.torch.natives.PythonTorch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The libtorch of this process: found once, loaded once, there until the JVM ends.
 *
 * <p>Which one: the folder given to {@link #load(Path)}, else the environment variable {@code DDPM_LIBTORCH}, else the
 * natives on the class path, unpacked into the user's cache. A folder is that of {@code libtorch_cpu.so} itself, an
 * unpacked libtorch zip, or a Python installation's {@code torch} folder. libtorch 2.10 or newer is needed.
 */
public final class LibTorch {
    /** The environment variable that names an external libtorch. */
    public static final String VARIABLE = "DDPM_LIBTORCH";

    private static final String NEEDS_CUDA =
            "; a libtorch for CUDA needs CUDA's libraries on this machine also to compute"
                    + " on the CPU: install them or let LD_LIBRARY_PATH or CUDA_HOME name where they are, or use a libtorch for CPUs";

    private static LibTorch loaded;
    private static Consumer<String> progress = line -> {};

    private static volatile int blasThreads;

    private final Path folder;
    private final boolean bundled;
    private final SymbolLookup symbols;
    private final boolean builtForCuda;
    private final String cudaFailure;

    private LibTorch(Path folder, boolean bundled, SymbolLookup symbols, boolean builtForCuda, String cudaFailure) {
        this.folder = folder;
        this.bundled = bundled;
        this.symbols = symbols;
        this.builtForCuda = builtForCuda;
        this.cudaFailure = cudaFailure;
    }

    /** Where one-line news of the first unpacking goes; silent unless set before the first load. */
    public static synchronized void onProgress(Consumer<String> sink) {
        progress = sink;
    }

    /**
     * The loaded libtorch; loads the default one at the first call.
     *
     * @throws LibTorchNotFound if there is none that can be used; the message says why and what to do
     */
    public static LibTorch load() {
        var ready = loaded;
        return ready != null ? ready : loadDefault();
    }

    private static synchronized LibTorch loadDefault() {
        if (loaded != null) {
            return loaded;
        }
        var variable = System.getenv(VARIABLE);
        if (variable != null && !variable.isBlank()) {
            return load(folder(variable));
        }
        var unpacked = NativeCache.ready(progress)
                .orElseThrow(() -> new LibTorchNotFound("no libtorch for " + System.getProperty("os.name") + " "
                        + System.getProperty("os.arch")
                        + " is bundled: give one with --libtorch DIR or " + VARIABLE
                        + " (libtorch 2.10 or newer, e.g. the 'torch' folder of a Python installation)"));
        return open(unpacked, true);
    }

    /**
     * The folder that a user's choice of libtorch means.
     *
     * @param choice a folder, or {@code auto} for the torch package of the {@code python3} on PATH
     * @throws LibTorchNotFound if there is no such package
     */
    public static Path folder(String choice) {
        return PythonTorch.isMeantBy(choice) ? PythonTorch.folder() : Path.of(choice);
    }

    /**
     * Loads the libtorch in this folder, its {@code lib} folder or its {@code torch/lib} folder.
     *
     * @throws LibTorchNotFound if the folder has no libtorch, one older than 2.10, or one that cannot be loaded
     * @throws IllegalStateException if another libtorch is loaded already: a process has one
     */
    public static synchronized LibTorch load(Path given) {
        var library = library("torch_cpu");
        var folder = List.of(given, given.resolve("lib"), given.resolve("torch/lib")).stream()
                .filter(candidate -> Files.isRegularFile(candidate.resolve(library)))
                .findFirst()
                .orElseThrow(() -> new LibTorchNotFound("no libtorch in " + given
                        + ": neither it nor its lib or torch/lib"
                        + " folder has a " + library + " (libtorch 2.10 or newer; 'import torch; print(torch.__path__)'"
                        + " in Python prints such a folder)"))
                .toAbsolutePath();
        if (loaded != null) {
            if (loaded.folder.equals(folder)) {
                return loaded;
            }
            throw new IllegalStateException("libtorch is already loaded from " + loaded.folder
                    + "; a process cannot load a second from " + folder);
        }
        ExternalLibrary.requireDispatcher(folder.resolve(library));
        return open(folder, false);
    }

    private static LibTorch open(Path folder, boolean bundled) {
        // In this order each finds its dependencies already there, whatever the run paths say.
        var names = bundled
                ? List.of("gcc_s", "quadmath", "gfortran", "openblas", "gomp", "omp", "iomp5", "c10", "torch_cpu")
                : List.of("c10", "torch_cpu");
        boolean forCuda = Files.isRegularFile(folder.resolve(library("torch_cuda")));
        var loader = new LibraryLoader(forCuda ? LibraryLoader.cudaFolders(folder) : List.of());
        for (var name : names) {
            find(folder, name).ifPresent(file -> {
                try {
                    loader.load(file);
                } catch (UnsatisfiedLinkError e) {
                    throw new LibTorchNotFound("libtorch in " + folder + " cannot be loaded: " + e.getMessage()
                            + (forCuda ? NEEDS_CUDA : ""));
                }
            });
        }
        var symbols = SymbolLookup.libraryLookup(folder.resolve(library("torch_cpu")), Arena.global())
                .or(SymbolLookup.libraryLookup(folder.resolve(library("c10")), Arena.global()));
        loaded = new LibTorch(folder, bundled, symbols, forCuda, forCuda ? cuda(folder, loader) : null);
        Malloc.keepBlocks();
        if (forCuda && loaded.cudaFailure == null && Tf32.isSettable()) {
            Tf32.allow(false);
        }
        return loaded;
    }

    /** Loads libtorch's CUDA half; without it the CPU still computes, so a failure is kept to be told when it matters. */
    private static String cuda(Path folder, LibraryLoader loader) {
        try {
            for (var name : List.of("c10_cuda", "torch_cuda")) {
                find(folder, name).ifPresent(loader::load);
            }
            return null;
        } catch (UnsatisfiedLinkError e) {
            return e.getMessage();
        }
    }

    /** {@code libNAME.so}, also with a version behind it as in {@code libgomp.so.1}. */
    private static Optional<Path> find(Path folder, String name) {
        var exact = library(name);
        try (var entries = Files.list(folder)) {
            return entries.filter(entry -> {
                        var file = entry.getFileName().toString();
                        return file.equals(exact) || file.startsWith(exact + ".");
                    })
                    .sorted()
                    .findFirst();
        } catch (java.io.IOException e) {
            throw new LibTorchNotFound("cannot list " + folder + ": " + e.getMessage());
        }
    }

    private static String library(String name) {
        return System.mapLibraryName(name);
    }

    static SymbolLookup symbols() {
        return load().symbols;
    }

    /** The folder its libraries came from. */
    public Path folder() {
        return folder;
    }

    /** Whether it came from the class path; only then may JavaCPP's classes, built for it, be used beside it. */
    public boolean isBundled() {
        return bundled;
    }

    /** Whether its folder holds the CUDA half of libtorch; {@link ddpm.torch.cuda.CudaStatus} tells whether that works. */
    public boolean isBuiltForCuda() {
        return builtForCuda;
    }

    /** The linker's words if the CUDA half is there but could not be loaded. */
    public Optional<String> cudaFailure() {
        return Optional.ofNullable(cudaFailure);
    }

    /** {@code 2.13.0}. */
    public String version() {
        if (Abi.ABI_VERSION == null) {
            return "2.10 or newer";
        }
        try {
            long version = (long) Abi.ABI_VERSION.invokeExact();
            return (version >>> 56) + "." + (version >>> 48 & 0xFF) + "." + (version >>> 40 & 0xFF);
        } catch (Throwable e) {
            throw Abi.unexpected(e);
        }
    }

    /** How many threads one operator of the calling thread may use. */
    public int threads() {
        if (Abi.GET_NUM_THREADS == null) {
            return Runtime.getRuntime().availableProcessors();
        }
        var slab = CallScratch.get();
        slab.setLong(0, 0);
        try {
            Abi.check((int) Abi.GET_NUM_THREADS.invokeExact(slab.address), "torch_get_num_threads");
        } catch (Throwable e) {
            throw Abi.unexpected(e);
        }
        return slab.getInt();
    }

    /**
     * Sets how many threads one operator of the calling thread may use, and the default of threads that have run no
     * operator yet. A thread that already ran one keeps its own number, except in matrix products by OpenBLAS, whose
     * number is the process's.
     *
     * @param threads at least 1
     */
    public void setThreads(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads " + threads + ": at least 1");
        }
        if (Abi.SET_NUM_THREADS == null) {
            throw new TorchException("this libtorch does not let its thread count be set; use OMP_NUM_THREADS instead");
        }
        setOperatorThreads(threads);
        if (Abi.BLAS_SET_NUM_THREADS != null && blasThreads != threads) {
            try {
                Abi.BLAS_SET_NUM_THREADS.invokeExact(threads);
            } catch (Throwable e) {
                throw Abi.unexpected(e);
            }
            blasThreads = threads;
        }
    }

    /** ATen's and oneDNN's threads for operators of the calling thread; does nothing where that cannot be set. */
    static void setOperatorThreads(int threads) {
        if (Abi.SET_NUM_THREADS != null) {
            try {
                Abi.SET_NUM_THREADS.invokeExact(threads);
            } catch (Throwable e) {
                throw Abi.unexpected(e);
            }
        }
    }

    /** The instruction set that ATen's own kernels use, e.g. {@code AVX512}; {@code unknown} off x86-64 Linux. */
    public String cpuCapability() {
        boolean sysV = System.getProperty("os.arch").equals("amd64")
                && System.getProperty("os.name").equals("Linux");
        if (Abi.CPU_CAPABILITY == null || !sysV) {
            return "unknown";
        }
        // A libstdc++ string: pointer, length, 16 bytes of inline storage, which holds every answer this function
        // gives.
        try (var arena = Arena.ofConfined()) {
            var string = arena.allocate(32, 8);
            Abi.CPU_CAPABILITY.invokeExact(string.address());
            long length = string.get(ValueLayout.JAVA_LONG, 8);
            var bytes = MemorySegment.ofAddress(string.get(ValueLayout.JAVA_LONG, 0))
                    .reinterpret(length)
                    .toArray(ValueLayout.JAVA_BYTE);
            return new String(bytes, StandardCharsets.US_ASCII);
        } catch (Throwable e) {
            throw Abi.unexpected(e);
        }
    }
}
