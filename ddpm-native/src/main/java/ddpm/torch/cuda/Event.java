package ddpm.torch.cuda;

/** A mark in a stream's work, to be asked whether that has come so far. */
public final class Event implements AutoCloseable {
    private final Cudart cuda;
    private long address;

    private Event(Cudart cuda, long address) {
        this.cuda = cuda;
        this.address = address;
    }

    /** A mark for streams of this one's device; until it is first recorded it counts as done. */
    public static Event of(Stream stream) {
        var cuda = stream.cuda();
        try (var _ = CurrentDevice.set(cuda, stream.device())) {
            return new Event(cuda, cuda.createEvent(Cudart.EVENT_DISABLE_TIMING | Cudart.EVENT_BLOCKING_SYNC));
        }
    }

    private long address() {
        if (address == 0) {
            throw new IllegalStateException("this event was closed");
        }
        return address;
    }

    /** Puts the mark behind what the stream has been given so far. */
    public void record(Stream stream) {
        cuda.record(address(), stream.address());
    }

    /** Whether the marked work is done; does not wait. */
    public boolean isDone() {
        return cuda.isEventDone(address());
    }

    /** Waits for the marked work. */
    public void synchronize() {
        cuda.synchronizeEvent(address());
    }

    @Override
    public void close() {
        if (address != 0) {
            long mine = address;
            address = 0;
            cuda.destroyEvent(mine);
        }
    }
}
