package ddpm.sampling;

import ddpm.torch.TorchException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * A launcher on the CPU that keeps recorded work as code and runs it when it is launched, at once; and a diary of what was
 * asked of it.
 */
final class RecordedLauncher implements StepLauncher {
    static final long CONDITION = 42;

    final List<String> diary = new ArrayList<>();
    private final long nodesPerRecording;
    private Optional<String> noLoop = Optional.of("this fake has no loops");
    private boolean refuses;
    private boolean asynchronous;
    private Thread running;
    /** What the loop's condition was last set to; a body that never sets it would run for ever. */
    volatile boolean condition;

    /** @param nodes what every recording says of its size */
    RecordedLauncher(long nodes) {
        this.nodesPerRecording = nodes;
    }

    RecordedLauncher withLoops() {
        noLoop = Optional.empty();
        return this;
    }

    /** Runs launches on a thread of their own, as a device would. */
    RecordedLauncher asynchronously() {
        asynchronous = true;
        return this;
    }

    void accepting() {
        refuses = false;
    }

    RecordedLauncher refusing() {
        refuses = true;
        return this;
    }

    private Recording recorded(String name, Runnable launch) {
        diary.add("record " + name);
        if (refuses) {
            throw new TorchException("operator aten::nonzero broke the capture");
        }
        return new Recording() {
            @Override
            public long nodes() {
                return nodesPerRecording;
            }

            @Override
            public void launch() {
                diary.add("launch");
                if (asynchronous) {
                    running = Thread.ofPlatform().start(launch);
                } else {
                    launch.run();
                }
            }

            @Override
            public void close() {
                diary.add("close " + name);
            }
        };
    }

    @Override
    public Recording record(Runnable work) {
        return recorded("steps", work);
    }

    @Override
    public Optional<String> whyNoLoop() {
        return noLoop;
    }

    @Override
    public Recording recordLoop(LongConsumer body) {
        return recorded("loop", () -> {
            do {
                condition = false;
                body.accept(CONDITION);
            } while (condition);
        });
    }

    @Override
    public Mark mark() {
        diary.add("mark");
        return new Mark() {
            @Override
            public void set() {
                diary.add("set");
            }

            @Override
            public boolean isPassed() {
                return running == null || !running.isAlive();
            }

            @Override
            public void await() {
                diary.add("await");
            }

            @Override
            public void close() {
                diary.add("close mark");
            }
        };
    }

    @Override
    public void beside(Runnable work) {
        work.run();
    }

    @Override
    public void close() {
        diary.add("close");
    }

    long count(String entry) {
        return diary.stream().filter(entry::equals).count();
    }
}
