package ddpm.torch.cuda;

/** Which stream a thread's operators go to: libtorch's to decide. */
interface CurrentStream {
    /** Makes a stream the current one of this thread, and its device the current device; returns what undoes both. */
    long enter(long stream, int device);

    /** Undoes an {@link #enter} of this thread, the latest first. */
    void leave(long guard);

    /** The current stream of this thread on a device; 0 is CUDA's own default one. */
    long of(int device);
}
