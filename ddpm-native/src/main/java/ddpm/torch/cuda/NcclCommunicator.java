package ddpm.torch.cuda;

import ddpm.torch.Device;
import ddpm.torch.Handles;
import ddpm.torch.Tensor;
import ddpm.torch.TorchException;
import java.time.Duration;

/**
 * One rank's end of a group of GPUs over NCCL, which libtorch for CUDA brings along. Operations are on contiguous tensors of
 * its device, in place, and are queued on torch's current stream behind what computes them; a call returns when the
 * operation is done. After a failure the communicator is of no more use.
 */
public final class NcclCommunicator implements AutoCloseable {
    private static final int POLL_MICROS = 50;

    private final Nccl nccl;
    private final Cudart cuda;
    private final CurrentStream streams;
    private final Device device;
    private final Duration timeout;
    private long communicator;

    private NcclCommunicator(Nccl nccl, Cudart cuda, CurrentStream streams, Device device, Duration timeout) {
        this.nccl = nccl;
        this.cuda = cuda;
        this.streams = streams;
        this.device = device;
        this.timeout = timeout;
    }

    private static Nccl library() {
        Stream.runtime(); // refuses with the reason where CUDA is not there
        return Nccl.ofThisProcess()
                .orElseThrow(() -> new TorchException("this libtorch for CUDA has loaded no NCCL (libnccl.so.2), over"
                        + " which the GPUs of several ranks speak; use one that has it, such as Python's torch"));
    }

    /**
     * A new group's name, 128 bytes, which one rank makes and all others are given.
     *
     * @throws TorchException if CUDA or NCCL is not there
     */
    public static byte[] newId() {
        return library().uniqueId();
    }

    /**
     * Joins the group of this name; all of its ranks call this.
     *
     * @param device this rank's, and no other rank's
     * @param start how long the others may take
     * @param timeout of every operation
     * @throws TorchException if they do not come in time, or CUDA or NCCL is not there
     */
    public static NcclCommunicator join(
            byte[] id, int rank, int size, Device device, Duration start, Duration timeout) {
        var joined = new NcclCommunicator(library(), Stream.runtime(), TorchCuda.ofThisProcess(), device, timeout);
        joined.connect(id, rank, size, start);
        return joined;
    }

    private void connect(byte[] id, int rank, int size, Duration start) {
        if (id.length != Nccl.UNIQUE_ID_BYTES) {
            throw new IllegalArgumentException(
                    "an NCCL group's name has " + Nccl.UNIQUE_ID_BYTES + " bytes, not " + id.length);
        }
        try (var _ = CurrentDevice.set(cuda, device)) {
            communicator = nccl.join(id, rank, size);
            await("joining " + size + " ranks", start, () -> true);
        } catch (RuntimeException e) {
            abort();
            throw e;
        }
    }

    /** Replaces the elements by their sums over all ranks. */
    public void allReduce(Tensor tensor) {
        run("summing", tensor, nccl::allReduce);
    }

    /** Replaces the elements by those of rank 0. */
    public void broadcast(Tensor tensor) {
        run("broadcasting", tensor, nccl::broadcast);
    }

    private interface Operation {
        void queue(long memory, long count, int type, long communicator, long stream);
    }

    private void run(String what, Tensor tensor, Operation operation) {
        if (!tensor.device().equals(device)) {
            throw new IllegalArgumentException("this rank's tensors are on " + device + ", not " + tensor.device());
        }
        if (communicator == 0) {
            throw new IllegalStateException("this communicator was closed or has failed");
        }
        long stream = streams.of(device.index());
        try (var _ = CurrentDevice.set(cuda, device)) {
            long done = cuda.createEvent(Cudart.EVENT_DISABLE_TIMING);
            try {
                operation.queue(
                        Handles.data(tensor), tensor.shape().numel(), Nccl.type(tensor.dtype()), communicator, stream);
                await(what + " " + tensor.shape(), timeout, () -> true); // queued
                cuda.record(done, stream);
                await(what + " " + tensor.shape(), timeout, () -> cuda.isEventDone(done));
            } finally {
                cuda.destroyEvent(done);
            }
        } catch (TorchException e) {
            abort();
            throw e;
        }
    }

    private interface Condition {
        boolean holds();
    }

    private void await(String what, Duration patience, Condition condition) {
        long until = System.nanoTime() + patience.toNanos();
        while (true) {
            int state = nccl.state(communicator);
            nccl.check(state, what);
            if (state == Nccl.SUCCESS && condition.holds()) {
                return;
            }
            if (System.nanoTime() > until) {
                throw new TorchException(what + " did not end within " + patience.toSeconds() + " s");
            }
            try {
                Thread.sleep(Duration.ofNanos(1000L * POLL_MICROS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new TorchException(what + " was interrupted");
            }
        }
    }

    private void abort() {
        if (communicator != 0) {
            long mine = communicator;
            communicator = 0;
            nccl.abort(mine);
        }
    }

    /** Leaves the group; the others are waited for as long as an operation may take. */
    @Override
    public void close() {
        if (communicator == 0) {
            return;
        }
        try (var _ = CurrentDevice.set(cuda, device)) {
            nccl.finish(communicator);
            await("leaving the group", timeout, () -> true);
            nccl.destroy(communicator);
            communicator = 0;
        } catch (TorchException e) {
            abort();
            throw e;
        }
    }
}
