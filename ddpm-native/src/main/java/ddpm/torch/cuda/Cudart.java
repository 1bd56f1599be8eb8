package ddpm.torch.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import ddpm.torch.natives.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The functions of CUDA's runtime library that this package calls. Streams, events and graphs are bare addresses here;
 * {@link Stream}, {@link Event} and {@link Graph} guard them.
 *
 * <p>Release 13 dropped the suffixes of functions whose signature release 12 had extended; both are bound. All functions
 * work on the calling thread's current device.
 */
final class Cudart {
    static final int SUCCESS = 0;
    static final int INSUFFICIENT_DRIVER = 35;
    static final int NO_DEVICE = 100;
    static final int NOT_READY = 600;

    static final int STREAM_NON_BLOCKING = 1;
    static final int EVENT_BLOCKING_SYNC = 1;
    static final int EVENT_DISABLE_TIMING = 2;
    static final int CAPTURE_THREAD_LOCAL = 1;
    static final int CAPTURE_ACTIVE = 1;
    static final int NODE_CONDITIONAL = 0x0d;
    static final int CONDITION_WHILE = 1;
    static final int CONDITION_ASSIGN_DEFAULT = 1;
    static final int COMPUTE_CAPABILITY_MAJOR = 75;
    static final int COMPUTE_CAPABILITY_MINOR = 76;

    /** sizeof(cudaGraphNodeParams), and where a conditional node's fields lie in it. */
    static final int NODE_PARAMS_BYTES = 256;

    static final int NODE_PARAMS_HANDLE = 16;
    static final int NODE_PARAMS_CONDITION = 24;
    static final int NODE_PARAMS_SIZE = 28;
    static final int NODE_PARAMS_BODIES = 32;

    /** More than any release's sizeof(cudaDeviceProp), which begins with the name. */
    static final int DEVICE_PROPERTIES_BYTES = 4096;

    /** Its file's name; packagers put a hash into it. */
    private static final Pattern RUNTIME = Pattern.compile("libcudart(-\\w+)?\\.so[.\\d]*");

    private static Cudart loaded;

    private final NativeLibrary library;
    private final int version;

    private Cudart(NativeLibrary library) {
        this.library = library;
        version = integer("cudaRuntimeGetVersion");
    }

    /**
     * The runtime library that libtorch's CUDA half has loaded, whichever release it is and wherever it lies; empty if there
     * is none. Another one, that the system's linker might find by name, would be of no use beside it.
     */
    static synchronized Optional<Cudart> ofThisProcess() {
        if (loaded == null) {
            loaded = NativeLibrary.loaded(RUNTIME).map(Cudart::new).orElse(null);
        }
        return Optional.ofNullable(loaded);
    }

    /**
     * Another copy, for tests of a toolkit's own.
     *
     * @throws IllegalArgumentException if it cannot be loaded
     */
    static Cudart open(Path file) {
        return new Cudart(NativeLibrary.at(file));
    }

    boolean has(String function) {
        return library.has(function);
    }

    /** 13000 for 13.0. */
    int version() {
        return version;
    }

    /** {@code 13.0}. */
    static String release(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }

    // ---- Errors ---------------------------------------------------------------------------------------------------

    String errorName(int code) {
        return text("cudaGetErrorName", code);
    }

    String errorText(int code) {
        return text("cudaGetErrorString", code);
    }

    private String text(String function, int code) {
        try {
            return NativeLibrary.string((MemorySegment) library.text(function).invokeExact(code));
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    void check(int code, String call) {
        if (code != SUCCESS) {
            // The runtime also keeps the code for whoever asks next, which would be libtorch after its next kernel.
            ask("cudaGetLastError");
            throw new CudaException(call, code, errorName(code), errorText(code));
        }
    }

    // ---- Shapes of calls: f(), f(int* out), f(address), .. ---------------------------------------------------------

    private int ask(String function) {
        return invoke(function, h -> (int) h.invokeExact());
    }

    private interface Call {
        int with(MethodHandle handle) throws Throwable;
    }

    private int invoke(String function, Call call, MemoryLayout... arguments) {
        try {
            return call.with(library.code(function, arguments));
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    private interface CallWithOut {
        int with(MethodHandle handle, MemorySegment out) throws Throwable;
    }

    /** What a function puts into the 8 bytes that {@code out} is; an int is the low half. */
    private long out(String function, CallWithOut call, MemoryLayout... arguments) {
        try (var arena = Arena.ofConfined()) {
            var out = arena.allocate(JAVA_LONG);
            check(invoke(function, h -> call.with(h, out), arguments), function);
            return out.get(JAVA_LONG, 0);
        }
    }

    private int integer(String function) {
        return (int) out(function, (h, out) -> (int) h.invokeExact(out), ADDRESS);
    }

    /** {@code function(out*, flags)}, whose result is an address. */
    private long created(String function, int flags) {
        return out(function, (h, out) -> (int) h.invokeExact(out, flags), ADDRESS, JAVA_INT);
    }

    private int on(String function, long object) {
        return invoke(function, h -> (int) h.invokeExact(object), JAVA_LONG);
    }

    private int on(String function, long object, long other) {
        return invoke(function, h -> (int) h.invokeExact(object, other), JAVA_LONG, JAVA_LONG);
    }

    private boolean isReady(String function, long object) {
        int code = on(function, object);
        if (code == NOT_READY) {
            ask("cudaGetLastError");
            return false;
        }
        check(code, function);
        return true;
    }

    // ---- Devices --------------------------------------------------------------------------------------------------

    /** The newest CUDA that the driver can run, 0 without a driver. */
    int driverVersion() {
        return integer("cudaDriverGetVersion");
    }

    int deviceCount() {
        return integer("cudaGetDeviceCount");
    }

    int device() {
        return integer("cudaGetDevice");
    }

    void setDevice(int index) {
        var function = "cudaSetDevice";
        check(invoke(function, h -> (int) h.invokeExact(index), JAVA_INT), function);
    }

    int attribute(int attribute, int device) {
        var function = "cudaDeviceGetAttribute";
        return (int)
                out(function, (h, out) -> (int) h.invokeExact(out, attribute, device), ADDRESS, JAVA_INT, JAVA_INT);
    }

    String deviceName(int device) {
        var function = version >= 13000 ? "cudaGetDeviceProperties" : "cudaGetDeviceProperties_v2";
        try (var arena = Arena.ofConfined()) {
            var out = arena.allocate(DEVICE_PROPERTIES_BYTES, 16);
            check(invoke(function, h -> (int) h.invokeExact(out, device), ADDRESS, JAVA_INT), function);
            return out.getString(0);
        }
    }

    /** Free and total bytes of the current device. */
    long[] memory() {
        var function = "cudaMemGetInfo";
        try (var arena = Arena.ofConfined()) {
            var free = arena.allocate(JAVA_LONG);
            var total = arena.allocate(JAVA_LONG);
            check(invoke(function, h -> (int) h.invokeExact(free, total), ADDRESS, ADDRESS), function);
            return new long[] {free.get(JAVA_LONG, 0), total.get(JAVA_LONG, 0)};
        }
    }

    // ---- Streams and events ---------------------------------------------------------------------------------------

    long createStream() {
        return created("cudaStreamCreateWithFlags", STREAM_NON_BLOCKING);
    }

    void destroyStream(long stream) {
        check(on("cudaStreamDestroy", stream), "cudaStreamDestroy");
    }

    void synchronizeStream(long stream) {
        check(on("cudaStreamSynchronize", stream), "cudaStreamSynchronize");
    }

    boolean isStreamIdle(long stream) {
        return isReady("cudaStreamQuery", stream);
    }

    void waitEvent(long stream, long event) {
        var function = "cudaStreamWaitEvent";
        check(invoke(function, h -> (int) h.invokeExact(stream, event, 0), JAVA_LONG, JAVA_LONG, JAVA_INT), function);
    }

    long createEvent(int flags) {
        return created("cudaEventCreateWithFlags", flags);
    }

    void destroyEvent(long event) {
        check(on("cudaEventDestroy", event), "cudaEventDestroy");
    }

    void record(long event, long stream) {
        check(on("cudaEventRecord", event, stream), "cudaEventRecord");
    }

    boolean isEventDone(long event) {
        return isReady("cudaEventQuery", event);
    }

    void synchronizeEvent(long event) {
        check(on("cudaEventSynchronize", event), "cudaEventSynchronize");
    }

    // ---- Capture and graphs ---------------------------------------------------------------------------------------

    void beginCapture(long stream) {
        var function = "cudaStreamBeginCapture";
        check(invoke(function, h -> (int) h.invokeExact(stream, CAPTURE_THREAD_LOCAL), JAVA_LONG, JAVA_INT), function);
    }

    /** Like {@link #beginCapture}, into an existing graph with no dependencies. */
    void beginCaptureTo(long stream, long graph) {
        var function = "cudaStreamBeginCaptureToGraph";
        check(
                invoke(
                        function,
                        h -> (int) h.invokeExact(stream, graph, 0L, 0L, 0L, CAPTURE_THREAD_LOCAL),
                        JAVA_LONG,
                        JAVA_LONG,
                        JAVA_LONG,
                        JAVA_LONG,
                        JAVA_LONG,
                        JAVA_INT),
                function);
    }

    /** The captured graph; after a broken capture this throws and the stream is usable again. */
    long endCapture(long stream) {
        var function = "cudaStreamEndCapture";
        return out(function, (h, out) -> (int) h.invokeExact(stream, out), JAVA_LONG, ADDRESS);
    }

    /** 0 is none, 1 active, 2 broken. */
    int captureStatus(long stream) {
        var function = "cudaStreamIsCapturing";
        return (int) out(function, (h, out) -> (int) h.invokeExact(stream, out), JAVA_LONG, ADDRESS);
    }

    long createGraph() {
        return created("cudaGraphCreate", 0);
    }

    void destroyGraph(long graph) {
        check(on("cudaGraphDestroy", graph), "cudaGraphDestroy");
    }

    long nodes(long graph) {
        var function = "cudaGraphGetNodes";
        return out(function, (h, out) -> (int) h.invokeExact(graph, 0L, out), JAVA_LONG, JAVA_LONG, ADDRESS);
    }

    long instantiate(long graph) {
        var function = "cudaGraphInstantiate";
        return out(function, (h, out) -> (int) h.invokeExact(out, graph, 0L), ADDRESS, JAVA_LONG, JAVA_LONG);
    }

    void launch(long executable, long stream) {
        check(on("cudaGraphLaunch", executable, stream), "cudaGraphLaunch");
    }

    void destroyExecutable(long executable) {
        check(on("cudaGraphExecDestroy", executable), "cudaGraphExecDestroy");
    }

    /** Why this runtime has no WHILE nodes, or empty if it has. */
    Optional<String> whyNoWhile() {
        if (version < 12040) {
            return Optional.of("CUDA " + release(version) + " has no WHILE nodes; CUDA 12.4 or newer is needed");
        }
        int driver = driverVersion();
        return driver < 12040
                ? Optional.of("the driver is for CUDA " + release(driver) + "; WHILE nodes need one for 12.4 or newer")
                : Optional.empty();
    }

    /** A handle of a loop condition that is 1 at every launch of the graph. */
    long createCondition(long graph) {
        var function = "cudaGraphConditionalHandleCreate";
        return out(
                function,
                (h, out) -> (int) h.invokeExact(out, graph, 1, CONDITION_ASSIGN_DEFAULT),
                ADDRESS,
                JAVA_LONG,
                JAVA_INT,
                JAVA_INT);
    }

    /** Adds a WHILE node with this condition and no dependencies, and returns the graph of its body, which is empty. */
    long addWhile(long graph, long condition) {
        var function = version >= 13000 ? "cudaGraphAddNode" : "cudaGraphAddNode_v2";
        try (var arena = Arena.ofConfined()) {
            var node = arena.allocate(JAVA_LONG);
            var params = arena.allocate(NODE_PARAMS_BYTES, 16).fill((byte) 0);
            params.set(JAVA_INT, 0, NODE_CONDITIONAL);
            params.set(JAVA_LONG, NODE_PARAMS_HANDLE, condition);
            params.set(JAVA_INT, NODE_PARAMS_CONDITION, CONDITION_WHILE);
            params.set(JAVA_INT, NODE_PARAMS_SIZE, 1);
            check(
                    invoke(
                            function,
                            h -> (int) h.invokeExact(node, graph, 0L, 0L, 0L, params),
                            ADDRESS,
                            JAVA_LONG,
                            JAVA_LONG,
                            JAVA_LONG,
                            JAVA_LONG,
                            ADDRESS),
                    function);
            return MemorySegment.ofAddress(params.get(JAVA_LONG, NODE_PARAMS_BODIES))
                    .reinterpret(8)
                    .get(JAVA_LONG, 0);
        }
    }
}
