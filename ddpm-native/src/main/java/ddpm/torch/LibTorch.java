package ddpm.torch;

import ddpm.torch.natives.CacheRoot;
import ddpm.torch.natives.TorchFolder;
import java.io.IOException;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.Objects;
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

    private static LibTorch loaded;
    private static volatile Consumer<String> notes = line -> {};

    private final TorchFolder source;
    private final TorchFolder.Loaded libraries;

    private LibTorch(TorchFolder source, TorchFolder.Loaded libraries) {
        this.source = source;
        this.libraries = libraries;
    }

    /**
     * Sets where one-line notes go: of the first unpacking, and of kernels of this libtorch that compute wrongly and are
     * therefore not used. Silent unless set before the first load.
     */
    public static void onNote(Consumer<String> sink) {
        notes = Objects.requireNonNull(sink, "sink");
    }

    static void note(String line) {
        notes.accept(line);
    }

    /**
     * Returns the loaded libtorch; loads the default one at the first call.
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
        try {
            return open(TorchFolder.bundled(LibTorch::note)
                    .orElseThrow(() -> new LibTorchNotFound(TorchFolder.nothingBundled() + ", or give a libtorch of"
                            + " version 2.10 or newer, such as the 'torch' folder of a Python installation, with"
                            + " --libtorch DIR or the environment variable " + VARIABLE)));
        } catch (IOException e) {
            throw new LibTorchNotFound(e.getMessage(), e);
        }
    }

    /**
     * Finds the folder that a user's choice of libtorch means.
     *
     * @param choice a folder, or {@code auto} for the torch package of the {@code python3} on PATH
     * @throws LibTorchNotFound if there is no such package
     */
    public static Path folder(String choice) {
        try {
            return TorchFolder.chosen(choice);
        } catch (IOException e) {
            throw new LibTorchNotFound(e.getMessage(), e);
        }
    }

    /**
     * Finds the folder in which this user's caches lie, that of unpacked libraries among them; it need not exist yet.
     *
     * @throws LibTorchNotFound if nothing says where it should be
     */
    public static Path cacheFolder() {
        try {
            return CacheRoot.ofThisUser();
        } catch (IOException e) {
            throw new LibTorchNotFound(e.getMessage(), e);
        }
    }

    /**
     * Compares the bundled libtorch, as it lies unpacked in this user's cache, with its checksums, and unpacks it anew
     * where it differs. Call it before libtorch is loaded: a damaged library can end the process.
     *
     * @return whether it was right, or empty if none is bundled
     * @throws LibTorchNotFound if it cannot be unpacked
     */
    public static Optional<Boolean> verifyBundled() {
        try {
            return TorchFolder.verifyBundled(LibTorch::note);
        } catch (IOException e) {
            throw new LibTorchNotFound(e.getMessage(), e);
        }
    }

    /**
     * Loads the libtorch in this folder, its {@code lib} folder or its {@code torch/lib} folder.
     *
     * @throws LibTorchNotFound if the folder has no libtorch, one older than 2.10, or one that cannot be loaded
     * @throws IllegalStateException if another libtorch is loaded already: a process has one
     */
    public static synchronized LibTorch load(Path given) {
        try {
            var source = TorchFolder.in(given);
            if (loaded == null) {
                return open(source);
            }
            if (!loaded.folder().equals(source.path())) {
                throw new IllegalStateException("libtorch is already loaded from " + loaded.folder()
                        + "; a process cannot load a second from " + source.path());
            }
            return loaded;
        } catch (IOException e) {
            throw new LibTorchNotFound(e.getMessage(), e);
        }
    }

    private static LibTorch open(TorchFolder source) throws IOException {
        loaded = new LibTorch(source, source.load());
        LibC.endWithoutDestructors();
        CpuTuning.atLoad();
        if (loaded.isBuiltForCuda() && loaded.cudaFailure().isEmpty() && CppSymbols.canSetTf32()) {
            Tf32.allow(false);
        }
        return loaded;
    }

    /** @throws TorchException if this libtorch has no memory on such a device; libtorch would list all that it can do */
    static void requireDevice(Device device) {
        if (device.kind() == Device.Kind.CUDA) {
            var torch = load();
            if (!torch.isBuiltForCuda() || torch.cudaFailure().isPresent()) {
                throw new TorchException("no tensor can be on " + device + ": the libtorch in " + torch.folder()
                        + torch.cudaFailure()
                                .map(linker -> " cannot load its CUDA half: " + linker)
                                .orElse(" is built for CPUs only; use Device.CPU, or a libtorch built for CUDA")
                        + " (ddpm doctor and CudaStatus say more)");
            }
        }
    }

    static SymbolLookup symbols() {
        return load().libraries.symbols();
    }

    /** The folder its libraries came from. */
    public Path folder() {
        return source.path();
    }

    /** Whether it came from the class path; only then may JavaCPP's classes, built for it, be used beside it. */
    public boolean isBundled() {
        return source.bundled();
    }

    /** Whether its folder holds the CUDA half of libtorch; {@link ddpm.torch.cuda.CudaStatus} says whether that works. */
    public boolean isBuiltForCuda() {
        return libraries.builtForCuda();
    }

    /** The linker's words if the CUDA half is there but could not be loaded. */
    public Optional<String> cudaFailure() {
        return libraries.cudaFailure();
    }

    /** Its version, such as {@code 2.13.0}. */
    public String version() {
        TensorAbi.bind(); // so that a function that is missing is found here rather than by the first tensor
        long version = Abi.abiVersion();
        return version == 0
                ? "2.10 or newer"
                : (version >>> 56) + "." + (version >>> 48 & 0xFF) + "." + (version >>> 40 & 0xFF);
    }

    /** How many threads one operator of the calling thread may use. */
    public int threads() {
        return CpuTuning.threads();
    }

    /**
     * Sets how many threads one operator of the calling thread may use, and the default of threads that have run no
     * operator yet. A thread that already ran one keeps its own number. Matrix products by OpenBLAS have one thread each.
     *
     * @param threads at least 1
     */
    public void setThreads(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads " + threads + ": at least 1");
        }
        if (!CppSymbols.canSetNumThreads()) {
            throw new TorchException("this libtorch does not let its thread count be set; use OMP_NUM_THREADS instead");
        }
        CpuTuning.setThreads(threads);
    }

    /** The instruction set that ATen's own kernels use, e.g. {@code AVX512}; {@code unknown} off x86-64 Linux. */
    public String cpuCapability() {
        return CppSymbols.cpuCapability();
    }
}
