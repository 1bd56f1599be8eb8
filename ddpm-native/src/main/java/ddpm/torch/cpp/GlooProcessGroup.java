package ddpm.torch.cpp;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import ddpm.torch.LibTorch;
import ddpm.torch.Tensor;
import ddpm.torch.TorchException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.time.Duration;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.gloo.Device;

/**
 * PyTorch's Gloo process group with the TCP store through which its processes find each other. Operations are on CPU
 * tensors, in place, and one at a time; every C++ exception comes as a {@link TorchException} without its stack.
 */
public final class GlooProcessGroup implements AutoCloseable {
    /** PyTorch's variable for how much it writes. */
    private static final String LOG_LEVEL = "TORCH_CPP_LOG_LEVEL";

    private static final int FATAL = 3;

    private static final Pattern ADVICE = Pattern.compile("(?s)\\.? This is typically caused by.*");

    /** Where a message of C++ begins to be about C++. */
    private static final Pattern STACK = Pattern.compile("(?s)\\s*(Exception raised from|frame #\\d).*");

    private static final Pattern SOURCE_LINE = Pattern.compile("^\\[[^\\]]*\\.(cc|cpp|h):\\d+\\]\\s*");

    /** How long the store may take once all are connected. */
    private static final Duration ANSWER = Duration.ofSeconds(5);

    private final TCPStore store;
    // All of them are held as long as the group: C++ keeps pointers to some.
    private Device device;
    private ProcessGroupGloo.Options options;
    private ProcessGroupGloo group;

    /**
     * Opens the store, or connects to it.
     *
     * @param serves whether this process is the one that holds it
     * @param patience how long the store may take to answer, now and later
     * @throws TorchException if that fails, or libtorch is not the bundled one
     */
    public GlooProcessGroup(String host, int port, boolean serves, Duration patience) {
        CppTensors.ready();
        hush();
        store = calling(() -> {
            try (var how = new TCPStoreOptions();
                    var wait = new Milliseconds(patience.toMillis())) {
                how.port((short) port).isServer(serves).waitWorkers(false).timeout(wait);
                return new TCPStore(host, how);
            }
        });
    }

    /** Keeps c10d from writing C++ stacks to standard error beside the exceptions, which say the same in a line. */
    private static void hush() {
        if (System.getenv(LOG_LEVEL) == null) {
            var c10 = LibTorch.load().folder().resolve(System.mapLibraryName("c10"));
            SymbolLookup.libraryLookup(c10, Arena.global())
                    .find("FLAGS_caffe2_log_level")
                    .ifPresent(level -> level.reinterpret(Integer.BYTES).set(JAVA_INT, 0, FATAL));
        }
    }

    /** Adds to a counter of the store, which begins at 0, and returns its new value. */
    public long add(String counter, long amount) {
        return calling(() -> store.add(counter, amount));
    }

    /** Writes a text into the store. */
    public void set(String key, String value) {
        calling(() -> {
            store.set(key, value);
            return null;
        });
    }

    /** Reads a text of the store, waiting for it as long as the store's patience. */
    public String get(String key) {
        return calling(() -> store.get_to_str(key));
    }

    /**
     * Connects to all other processes of the group, which are to call this as well.
     *
     * @param network the address to listen at, or the name of an interface
     * @param isInterface whether it is the latter
     * @param timeout of every operation
     */
    public void connect(int rank, int size, String network, boolean isInterface, Duration timeout) {
        group = calling(() -> {
            device = isInterface
                    ? ProcessGroupGloo.createDeviceForInterface(network)
                    : ProcessGroupGloo.createDeviceForHostname(network);
            options = ProcessGroupGloo.Options.create(new Milliseconds(timeout.toMillis()));
            options.devices(new GlooDeviceVector(device));
            options.threads(1);
            return new ProcessGroupGloo(store, rank, size, options);
        });
        try (var answer = new Milliseconds(ANSWER.toMillis())) {
            store.setTimeout(answer);
        }
    }

    /** Replaces the tensor by the sum over all processes, the same bits in each. */
    public void allReduce(Tensor tensor) {
        waitFor(tensor, group::allreduce);
    }

    /** Replaces the tensor by that of rank 0. */
    public void broadcast(Tensor tensor) {
        waitFor(tensor, group::broadcast);
    }

    private interface Operation {
        Work on(TensorVector tensors);
    }

    /** The tensors are referred to until the operation has ended, whatever its end: C++ writes to them from a thread. */
    private static void waitFor(Tensor tensor, Operation operation) {
        try (var shared = CppTensors.toCpp(tensor);
                var tensors = new TensorVector(shared)) {
            calling(() -> {
                try (var work = operation.on(tensors)) {
                    return work._wait();
                }
            });
        }
    }

    private static <T> T calling(Supplier<T> call) {
        try {
            return call.get();
        } catch (TorchException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new TorchException(reason(String.valueOf(e.getMessage())), e);
        }
    }

    /** The message without C++'s source lines and stack. */
    static String reason(String message) {
        var text = SOURCE_LINE.matcher(STACK.matcher(message).replaceFirst("")).replaceFirst("");
        text = ADVICE.matcher(text).replaceFirst("");
        return text.lines().findFirst().orElse("no reason given").strip();
    }

    /** Leaves the group. */
    @Override
    public void close() {
        if (group != null) {
            group.close();
            options.close();
            device.close();
        }
        store.close();
    }
}
