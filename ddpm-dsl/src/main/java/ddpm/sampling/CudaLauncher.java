package ddpm.sampling;

import ddpm.torch.Device;
import ddpm.torch.cuda.Event;
import ddpm.torch.cuda.Graph;
import ddpm.torch.cuda.Stream;
import java.util.Optional;
import java.util.function.LongConsumer;

/** CUDA graphs on a stream of this launcher's own, which is torch's current one on this thread until it closes. */
final class CudaLauncher implements StepLauncher {
    private final Stream stream;
    private final Stream side;
    private final Stream.Use use;

    private CudaLauncher(Stream stream, Stream side) {
        this.stream = stream;
        this.side = side;
        this.use = stream.use();
    }

    /**
     * @param device a CUDA device
     * @throws ddpm.torch.TorchException if CUDA is not there or refuses
     */
    static CudaLauncher open(Device device) {
        var side = Stream.open(device); // first: a stream that is opened later waits for what runs
        try {
            return new CudaLauncher(Stream.open(device), side);
        } catch (RuntimeException e) {
            side.close();
            throw e;
        }
    }

    private record Recorded(Graph graph) implements Recording {
        @Override
        public long nodes() {
            return graph.nodes();
        }

        @Override
        public void launch() {
            graph.launch();
        }

        @Override
        public void close() {
            graph.close();
        }
    }

    private record Marked(Event event, Stream stream) implements Mark {
        @Override
        public void set() {
            event.record(stream);
        }

        @Override
        public boolean isPassed() {
            return event.isDone();
        }

        @Override
        public void await() {
            event.synchronize();
        }

        @Override
        public void close() {
            event.close();
        }
    }

    @Override
    public Recording record(Runnable work) {
        return new Recorded(Graph.capture(stream, work));
    }

    @Override
    public Optional<String> whyNoLoop() {
        return Graph.whyNoLoop(stream);
    }

    @Override
    public Recording recordLoop(LongConsumer body) {
        return new Recorded(Graph.captureLoop(stream, body));
    }

    @Override
    public Mark mark() {
        return new Marked(Event.of(stream), stream);
    }

    @Override
    public void beside(Runnable work) {
        try (var _ = side.use()) {
            work.run();
        }
    }

    @Override
    public void close() {
        try (side;
                stream) {
            use.close();
        }
    }
}
