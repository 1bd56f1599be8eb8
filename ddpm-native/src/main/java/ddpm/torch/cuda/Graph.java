package ddpm.torch.cuda;

import ddpm.torch.OpWatch;
import ddpm.torch.TorchException;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Work recorded from a stream, launched as a whole any number of times.
 *
 * <p>A capture runs the work's host code once and its device code not at all. It needs a {@link Stream} of its own, on
 * which the same work ran before: then cuBLAS's handles and workspaces, cuDNN's plans and lazily loaded kernels are there,
 * and memory comes from the stream's own cache. What the work allocates and frees returns to that cache, and replays write
 * to it: <b>between the capture and the graph's closing nothing that lives on may be allocated on the stream</b>, and the
 * stream must stay open longer than the graph. Memory that other streams cache is never touched.
 */
public final class Graph implements AutoCloseable {
    private final Stream stream;
    private final long nodes;
    /** What it was made from, where that must live as long as it does; else 0. */
    private final long source;

    private long executable;

    private Graph(Stream stream, long nodes, long source, long executable) {
        this.stream = stream;
        this.nodes = nodes;
        this.source = source;
        this.executable = executable;
    }

    /**
     * Records what {@code work} gives to this thread's current stream, which becomes {@code stream} for its duration.
     * Other threads may use CUDA meanwhile.
     *
     * @param work operators and kernels; it must not wait for the device, read from it, or copy from pageable memory
     * @throws TorchException if the work cannot be captured; it names the operator that broke the capture, and stream and
     *     process stay usable
     */
    public static Graph capture(Stream stream, Runnable work) {
        var cuda = stream.cuda();
        try (var _ = stream.use()) {
            stream.synchronize();
            cuda.beginCapture(stream.address());
            try {
                watched(stream, work);
            } catch (RuntimeException | Error e) {
                end(stream, e).ifPresent(cuda::destroyGraph);
                throw e;
            }
            long graph = cuda.endCapture(stream.address());
            try {
                return new Graph(stream, cuda.nodes(graph), 0, cuda.instantiate(graph));
            } finally {
                cuda.destroyGraph(graph);
            }
        }
    }

    /** Why this machine cannot {@link #captureLoop}, or empty if it can. */
    public static Optional<String> whyNoLoop(Stream stream) {
        return stream.cuda().whyNoWhile();
    }

    /**
     * Records a loop: a launch runs the work again and again until its condition is set to 0 (a CUDA conditional node of
     * type WHILE).
     *
     * @param work as for {@link #capture}, but without allocations of the driver's own, events or host functions; it is
     *     given the handle of the condition, which a kernel of it must set by {@code cudaGraphSetConditional} each time
     * @throws TorchException as {@link #capture}, or if this CUDA has no such nodes: see {@link #whyNoLoop}
     */
    public static Graph captureLoop(Stream stream, LongConsumer work) {
        var cuda = stream.cuda();
        cuda.whyNoWhile().ifPresent(reason -> {
            throw new TorchException(reason);
        });
        try (var _ = stream.use()) {
            stream.synchronize();
            long graph = cuda.createGraph();
            // Where something fails from here on, the graph is left to the process: drivers have crashed on freeing one
            // whose body is broken.
            long condition = cuda.createCondition(graph);
            long body = cuda.addWhile(graph, condition);
            cuda.beginCaptureTo(stream.address(), body);
            try {
                watched(stream, () -> work.accept(condition));
            } catch (RuntimeException | Error e) {
                end(stream, e);
                throw e;
            }
            cuda.endCapture(stream.address());
            return new Graph(stream, cuda.nodes(body), graph, cuda.instantiate(graph));
        }
    }

    private static void watched(Stream stream, Runnable work) {
        try (var _ = OpWatch.start(operator -> requireWhole(stream, "operator " + operator))) {
            work.run();
        }
        requireWhole(stream, "the work's end");
    }

    private static void requireWhole(Stream stream, String what) {
        if (stream.cuda().captureStatus(stream.address()) != Cudart.CAPTURE_ACTIVE) {
            throw new TorchException(
                    what + " broke the capture into a CUDA graph: it waits for the device, or uses another stream");
        }
    }

    /** Ends a capture that failed, so that the stream works on; a whole part of the work may still be a graph. */
    private static Optional<Long> end(Stream stream, Throwable cause) {
        try {
            return Optional.of(stream.cuda().endCapture(stream.address()));
        } catch (CudaException broken) {
            cause.addSuppressed(broken);
            return Optional.empty();
        }
    }

    /** How many nodes it has; of a loop, those of its body. */
    public long nodes() {
        return nodes;
    }

    /**
     * Runs the recorded work on its stream, behind what that was given before. Returns at once.
     *
     * @throws IllegalStateException if the graph or its stream is closed
     */
    public void launch() {
        if (executable == 0) {
            throw new IllegalStateException("this graph was closed");
        }
        stream.cuda().launch(executable, stream.address());
    }

    /** Waits for running launches and frees the graph; its memory goes back to the stream's cache. */
    @Override
    public void close() {
        if (executable != 0) {
            long mine = executable;
            executable = 0;
            try {
                stream.synchronize();
            } finally {
                stream.cuda().destroyExecutable(mine);
                if (source != 0) {
                    stream.cuda().destroyGraph(source);
                }
            }
        }
    }
}
