package ddpm.torch.cuda;

import ddpm.torch.Device;
import ddpm.torch.LibTorch;
import ddpm.torch.TorchException;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/**
 * A queue of work on a CUDA device, which waits for no other stream unless told to.
 *
 * <p>libtorch caches device memory by stream. A stream that is lent to one user at a time is therefore a pool of memory of
 * its own, which a graph's replays need; and streams go back to a shelf when they are closed, so that the memory cached
 * for them serves the next user: the process's memory stays flat over any number of graphs. Streams on the shelf are never
 * destroyed.
 */
public final class Stream implements AutoCloseable {
    private static final Map<Shelf, ArrayDeque<Long>> SHELVES = new HashMap<>();

    private final Cudart cuda;
    private final CurrentStream current;
    private final Device device;
    private long address;

    /** Whose streams are kept together. */
    private record Shelf(Cudart cuda, Device device) {}

    private Stream(Cudart cuda, CurrentStream current, Device device, long address) {
        this.cuda = cuda;
        this.current = current;
        this.device = device;
        this.address = address;
    }

    static Cudart runtime() {
        TorchCuda.ofThisProcess(); // refuses with the reason where CUDA is not there
        return Cudart.ofThisProcess()
                .orElseThrow(() -> new TorchException(
                        "CUDA is not there: " + CudaStatus.of(LibTorch.load()).finding()));
    }

    /**
     * A stream for one user, which begins with what torch's current stream of this thread had been given before.
     *
     * @param device a CUDA device
     * @throws TorchException if CUDA is not there or refuses
     */
    public static Stream open(Device device) {
        return open(runtime(), TorchCuda.ofThisProcess(), device);
    }

    static Stream open(Cudart cuda, CurrentStream current, Device device) {
        try (var _ = CurrentDevice.set(cuda, device)) {
            var stream = new Stream(cuda, current, device, taken(cuda, device));
            stream.after(current.of(device.index()));
            return stream;
        }
    }

    private static long taken(Cudart cuda, Device device) {
        synchronized (SHELVES) {
            var shelf = SHELVES.get(new Shelf(cuda, device));
            if (shelf != null && !shelf.isEmpty()) {
                return shelf.pop();
            }
        }
        return cuda.createStream();
    }

    /** Makes this stream wait for what another has been given so far. */
    private void after(long other) {
        long event = cuda.createEvent(Cudart.EVENT_DISABLE_TIMING);
        try {
            cuda.record(event, other);
            cuda.waitEvent(address(), event);
        } finally {
            cuda.destroyEvent(event);
        }
    }

    public Device device() {
        return device;
    }

    Cudart cuda() {
        return cuda;
    }

    /** @throws IllegalStateException if closed */
    long address() {
        if (address == 0) {
            throw new IllegalStateException("this stream was closed");
        }
        return address;
    }

    /** Makes this torch's current stream on this thread, and its device the current one, until closed. */
    public Use use() {
        return new Use(current, current.enter(address(), device.index()));
    }

    /** A stream being the current one; closes on the thread that opened it, innermost first. */
    public static final class Use implements AutoCloseable {
        private final Thread owner = Thread.currentThread();
        private final CurrentStream current;
        private long guard;

        private Use(CurrentStream current, long guard) {
            this.current = current;
            this.guard = guard;
        }

        @Override
        public void close() {
            if (Thread.currentThread() != owner) {
                throw new IllegalStateException("a stream's use closes on the thread that opened it");
            }
            if (guard != 0) {
                long open = guard;
                guard = 0;
                current.leave(open);
            }
        }
    }

    /** Waits until all that this stream was given is done; errors of that work come out here. */
    public void synchronize() {
        cuda.synchronizeStream(address());
    }

    /** Whether all that this stream was given is done. */
    public boolean isIdle() {
        return cuda.isStreamIdle(address());
    }

    /** Waits for the work and puts the stream back on the shelf. Closing twice is harmless. */
    @Override
    public void close() {
        if (address == 0) {
            return;
        }
        long mine = address;
        address = 0;
        cuda.synchronizeStream(mine); // if the work failed, the stream is not to be used again
        synchronized (SHELVES) {
            SHELVES.computeIfAbsent(new Shelf(cuda, device), _ -> new ArrayDeque<>())
                    .push(mine);
        }
    }
}
