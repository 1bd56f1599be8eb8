package ddpm.torch;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Where the time goes, operator by operator, on all threads while it is open.
 *
 * <pre>{@code
 * try (var profile = OpProfile.start()) {
 *     sampler.sample(model, shape, noise);
 *     profile.entries().forEach(System.out::println);
 * }
 * }</pre>
 *
 * <p>Times are from the call to its return: on a CPU the operator's own time, on a GPU that of its launch. Backward passes
 * appear as one operator.
 */
public final class OpProfile implements AutoCloseable {
    static volatile OpProfile active;

    private final Map<String, Counter> counters = new ConcurrentHashMap<>();

    private record Counter(LongAdder calls, LongAdder nanos) {}

    /**
     * @param operator schema name and the shape of its first tensor
     * @param calls how many
     * @param milliseconds in all
     */
    public record Entry(String operator, long calls, double milliseconds) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%10.1f ms %8d calls  %s", milliseconds, calls, operator);
        }
    }

    private OpProfile() {}

    /** Starts counting; one profile at a time. */
    public static synchronized OpProfile start() {
        if (active != null) {
            throw new IllegalStateException("another profile is open");
        }
        active = new OpProfile();
        return active;
    }

    void count(String operator, long nanos) {
        var counter = counters.computeIfAbsent(operator, _ -> new Counter(new LongAdder(), new LongAdder()));
        counter.calls().increment();
        counter.nanos().add(nanos);
    }

    /** What was counted so far, the slowest first. */
    public List<Entry> entries() {
        return counters.entrySet().stream()
                .map(e -> new Entry(
                        e.getKey(),
                        e.getValue().calls().sum(),
                        e.getValue().nanos().sum() / 1e6))
                .sorted(Comparator.comparingDouble(Entry::milliseconds).reversed())
                .toList();
    }

    @Override
    public void close() {
        active = null;
    }
}
