package ddpm.torch.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import ddpm.torch.DType;
import ddpm.torch.TorchException;
import ddpm.torch.natives.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The functions of NCCL's C API that this package calls, from release 2.14 on. Communicators are bare addresses here;
 * {@link NcclCommunicator} guards them.
 */
final class Nccl {
    static final int SUCCESS = 0;
    static final int IN_PROGRESS = 7;
    static final int SUM = 0;
    static final int INT64 = 4;
    static final int FLOAT32 = 7;
    static final int FLOAT64 = 8;
    static final int UNIQUE_ID_BYTES = 128;

    /** ncclConfig_t as release 2.14 had it; later ones fill in what they have added, by size and version. */
    static final int CONFIG_BYTES = 24;

    static final int CONFIG_MAGIC = 0xcafebeef;
    static final int CONFIG_VERSION = 21400;
    static final int CONFIG_MAGIC_AT = 8;
    static final int CONFIG_VERSION_AT = 12;
    static final int CONFIG_BLOCKING_AT = 16;

    static final MemoryLayout UNIQUE_ID =
            MemoryLayout.structLayout(MemoryLayout.sequenceLayout(UNIQUE_ID_BYTES, JAVA_BYTE));

    /** Its file's name; packagers put a hash into it. */
    private static final Pattern LIBRARY = Pattern.compile("libnccl(-\\w+)?\\.so[.\\d]*");

    private static Nccl loaded;

    private final NativeLibrary library;

    private Nccl(NativeLibrary library) {
        this.library = library;
    }

    /** The library that libtorch's CUDA half has loaded, wherever it lies; empty if there is none. */
    static synchronized Optional<Nccl> ofThisProcess() {
        if (loaded == null) {
            loaded = NativeLibrary.loaded(LIBRARY).map(Nccl::new).orElse(null);
        }
        return Optional.ofNullable(loaded);
    }

    /**
     * The library in this file.
     *
     * @throws IllegalArgumentException if it cannot be loaded
     */
    static Nccl open(Path file) {
        return new Nccl(NativeLibrary.at(file));
    }

    /** NCCL's number for a type of elements. */
    static int type(DType type) {
        return switch (type) {
            case FLOAT32 -> FLOAT32;
            case FLOAT64 -> FLOAT64;
            case INT64 -> INT64;
            default -> throw new IllegalArgumentException("ranks sum float32, float64 and int64, not " + type);
        };
    }

    /** 23007 for 2.30.7. */
    int version() {
        try (var arena = Arena.ofConfined()) {
            var out = arena.allocate(JAVA_INT);
            var function = "ncclGetVersion";
            check((int) library.code(function, ADDRESS).invokeExact(out), function);
            return out.get(JAVA_INT, 0);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    String errorText(int code) {
        try {
            return NativeLibrary.string(
                    (MemorySegment) library.text("ncclGetErrorString").invokeExact(code));
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    /** Refuses every code but success; a communicator that does not block also answers that it is at it. */
    void check(int code, String call) {
        if (code != SUCCESS && code != IN_PROGRESS) {
            throw new TorchException(call + " failed: " + errorText(code) + " (NCCL error " + code
                    + "; NCCL_DEBUG=INFO in the environment tells more)");
        }
    }

    /** A new name of a group, by which its ranks find each other. */
    byte[] uniqueId() {
        try (var arena = Arena.ofConfined()) {
            var id = arena.allocate(UNIQUE_ID);
            var function = "ncclGetUniqueId";
            check((int) library.code(function, ADDRESS).invokeExact(id), function);
            return id.toArray(JAVA_BYTE);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    /** A communicator of the current device that does not block, see {@link #state}. */
    long join(byte[] id, int rank, int size) {
        try (var arena = Arena.ofConfined()) {
            var config = arena.allocate(CONFIG_BYTES, 8).fill((byte) 0);
            config.set(JAVA_LONG, 0, CONFIG_BYTES);
            config.set(JAVA_INT, CONFIG_MAGIC_AT, CONFIG_MAGIC);
            config.set(JAVA_INT, CONFIG_VERSION_AT, CONFIG_VERSION);
            var name = arena.allocate(UNIQUE_ID).copyFrom(MemorySegment.ofArray(id));
            var communicator = arena.allocate(JAVA_LONG);
            var function = "ncclCommInitRankConfig";
            var handle = library.code(function, ADDRESS, JAVA_INT, UNIQUE_ID, JAVA_INT, ADDRESS);
            check((int) handle.invokeExact(communicator, size, name, rank, config), function);
            return communicator.get(JAVA_LONG, 0);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    /** How the communicator's latest call went: {@link #SUCCESS}, {@link #IN_PROGRESS} or an error. */
    int state(long communicator) {
        try (var arena = Arena.ofConfined()) {
            var out = arena.allocate(JAVA_INT);
            var function = "ncclCommGetAsyncError";
            check((int) library.code(function, JAVA_LONG, ADDRESS).invokeExact(communicator, out), function);
            return out.get(JAVA_INT, 0);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    /** Queues a sum over all ranks in place. */
    void allReduce(long memory, long count, int type, long communicator, long stream) {
        var function = "ncclAllReduce";
        try {
            var handle =
                    library.code(function, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
            check((int) handle.invokeExact(memory, memory, count, type, SUM, communicator, stream), function);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    /** Queues a copy of rank 0's elements to all ranks. */
    void broadcast(long memory, long count, int type, long communicator, long stream) {
        var function = "ncclBroadcast";
        try {
            var handle =
                    library.code(function, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
            check((int) handle.invokeExact(memory, memory, count, type, 0, communicator, stream), function);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    /** Begins to end a communicator, see {@link #state}. */
    void finish(long communicator) {
        on("ncclCommFinalize", communicator);
    }

    /** Frees a communicator that is finished. */
    void destroy(long communicator) {
        on("ncclCommDestroy", communicator);
    }

    /** Ends and frees a communicator, whatever it is at. */
    void abort(long communicator) {
        on("ncclCommAbort", communicator);
    }

    private void on(String function, long communicator) {
        try {
            check((int) library.code(function, JAVA_LONG).invokeExact(communicator), function);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }
}
