package ddpm.train;

import ddpm.nn.Params;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.collective.Group;
import ddpm.torch.cpp.GradientHook;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/**
 * Sums the gradients of all replicas and ranks into the first replica's.
 *
 * <p>Among several ranks on CPUs the flat gradient is cut into buckets, the last parameters first, as backward passes make
 * them; a bucket is summed as soon as it is whole, on a thread of its own, while the backward passes go on. Elsewhere, and
 * alone, all is summed after them: a device's kernels are still running when its gradients are announced.
 */
final class GradientSum implements AutoCloseable {
    /** Of a bucket: 1 MiB, or where that makes more than {@link #MOST_BUCKETS} of them, more. */
    private static final long LEAST_NUMBERS = 1 << 18;

    /** Of the part of a bucket that each rank sends at once: with less than 128 KiB, latency would be too much of its time. */
    private static final long LEAST_MESSAGE = 1 << 15;

    /**
     * A sum takes Gloo's threads some 2 ms of processor time beside its bytes, and the last bucket's bytes are not overlapped:
     * from 10 Gbit/s on fewer are better, on slower links more. The order of sums follows from it, so it does not vary.
     */
    private static final int MOST_BUCKETS = 4;

    /**
     * The part of a large gradient that is a bucket of its own: the first layers' is made last, after much computing on
     * few weights. What is summed after the pass is then little, and the weights before it are summed during the pass.
     */
    private static final int LAST_PART = 32;

    /** Numbers of the replicas that are added at once: the sum is still in the cache when it is copied over the first's. */
    private static final long PIECE = 1 << 19;

    private final Group group;
    private final List<Params> replicas;
    private final List<Bucket> buckets = new ArrayList<>();
    private final List<Arrivals> arrivals = new ArrayList<>();
    private final List<GradientHook> hooks = new ArrayList<>();
    private final ExecutorService summing;
    private volatile CountDownLatch[] whole;
    private volatile boolean givenUp;
    private double waited;

    /** Numbers {@code from..to-1} of the flat gradient, and how many gradients they are. */
    private record Bucket(long from, long to, int gradients) {}

    /**
     * @param replicas trainable and alike, one for each thread; they stay the caller's
     */
    GradientSum(Group group, List<Params> replicas) {
        this.group = group;
        this.replicas = List.copyOf(replicas);
        boolean overlaps =
                group.size() > 1 && replicas.getFirst().flat().device().kind() == Device.Kind.CPU;
        if (overlaps) {
            var bucketOf = cut();
            for (var replica : replicas) {
                var arriving = new Arrivals();
                arrivals.add(arriving);
                var names = replica.trained();
                for (var param : replica.all()) {
                    if (names.contains(param.name())) {
                        int bucket = bucketOf.get(hooks.size() % bucketOf.size());
                        hooks.add(new GradientHook(param.value(), () -> arriving.next(bucket)));
                    }
                }
            }
        }
        summing = overlaps
                ? Executors.newSingleThreadExecutor(
                        Thread.ofPlatform().daemon().name("ddpm-gradients").factory())
                : null;
    }

    /** Cuts the gradient into buckets and returns the bucket of each trained parameter, in the order of declaration. */
    private List<Integer> cut() {
        var params = replicas.getFirst();
        long all = params.flat().shape().numel();
        long smallest = Math.max(LEAST_NUMBERS, LEAST_MESSAGE * group.size());
        long last = Math.max(smallest, all / LAST_PART);
        long least = Math.max(smallest, (all - last) / (MOST_BUCKETS - 1));
        var names = params.trained();
        var bucketOf = new ArrayList<Integer>();
        long to = all;
        int gradients = 0;
        for (var param : params.all().reversed()) {
            if (names.contains(param.name())) {
                gradients++;
                bucketOf.addFirst(buckets.size());
            }
            long from = params.offset(param);
            boolean large = to - from >= least;
            boolean lastFollows = to > last && from <= last && to - from >= smallest;
            if (gradients > 0 && (large || lastFollows || from == 0)) {
                buckets.add(new Bucket(from, to, gradients));
                to = from;
                gradients = 0;
            }
        }
        return bucketOf;
    }

    /** What one replica's backward pass has announced. */
    private final class Arrivals {
        private int[] missing = new int[0];
        private int latest;

        /** Begins to listen: the pass that follows is the step's last. */
        void listen() {
            missing = buckets.stream().mapToInt(Bucket::gradients).toArray();
            latest = -1;
        }

        /** Another gradient is about to be added, so the one before has been. */
        void next(int bucket) {
            if (missing.length > 0) {
                added();
                latest = bucket;
            }
        }

        private void added() {
            if (latest >= 0 && --missing[latest] == 0) {
                whole[latest].countDown();
            }
        }

        /** The pass is over: parameters that it did not reach have no more to come. */
        void end() {
            if (missing.length == 0) {
                missing = buckets.stream().mapToInt(Bucket::gradients).toArray();
            }
            for (int bucket = 0; bucket < missing.length; bucket++) {
                if (missing[bucket] > 0) {
                    whole[bucket].countDown();
                }
            }
            missing = new int[0];
        }
    }

    /** Announces that the replica's next backward pass is its last of this step. */
    void beforeLastPass(int replica) {
        if (summing != null) {
            arrivals.get(replica).listen();
        }
    }

    /** Announces that the replica's gradients are all there. */
    void afterLastPass(int replica) {
        if (summing != null) {
            arrivals.get(replica).end();
        }
    }

    /**
     * Runs a step's backward passes and sums their gradients.
     *
     * @param passes each replica's call {@link #afterLastPass}
     */
    <T> T of(Supplier<T> passes) {
        if (summing == null) {
            var result = passes.get();
            long before = System.nanoTime();
            sum(0, replicas.getFirst().flat().shape().numel());
            waited = group.size() == 1 ? 0 : (System.nanoTime() - before) / 1e9;
            return result;
        }
        givenUp = false;
        whole = buckets.stream().map(_ -> new CountDownLatch(replicas.size())).toArray(CountDownLatch[]::new);
        var sums = summing.submit(this::sumBuckets);
        boolean done = false;
        try {
            var result = passes.get();
            done = true;
            long before = System.nanoTime();
            await(sums);
            waited = (System.nanoTime() - before) / 1e9;
            return result;
        } finally {
            if (!done) {
                giveUp(sums);
            }
        }
    }

    /** Seconds that {@link #of} waited for the other ranks after its passes. */
    double waited() {
        return waited;
    }

    private void sumBuckets() {
        try {
            for (int i = 0; i < buckets.size(); i++) {
                whole[i].await();
                if (givenUp) {
                    return;
                }
                sum(buckets.get(i).from(), buckets.get(i).to());
            }
        } catch (InterruptedException e) {
            throw new CancellationException("interrupted while summing gradients");
        }
    }

    private void sum(long from, long to) {
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            if (replicas.size() > 1) {
                for (long at = from; at < to; at += PIECE) {
                    sumReplicas(at, Math.min(at + PIECE, to));
                }
            }
            group.allReduce(part(replicas.getFirst(), from, to));
        }
    }

    private void sumReplicas(long from, long to) {
        try (var _ = TensorScope.open()) {
            var sum = part(replicas.getFirst(), from, to);
            for (var replica : replicas.subList(1, replicas.size())) {
                sum.copyFrom(sum.add(part(replica, from, to)));
            }
        }
    }

    private static Tensor part(Params replica, long from, long to) {
        return replica.flatGradient().narrow(0, from, to - from);
    }

    /** An interrupt does not end it: half a sum would leave the ranks with different gradients. */
    private static void await(Future<?> sums) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    sums.get();
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException runtime ? runtime : new IllegalStateException(e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The sum that is being made ends, for the other ranks come to it. */
    private void giveUp(Future<?> sums) {
        givenUp = true;
        for (var bucket : whole) {
            for (int i = 0; i < replicas.size(); i++) {
                bucket.countDown();
            }
        }
        try {
            await(sums);
        } catch (RuntimeException lost) {
            // what made this step fail is thrown
        }
    }

    @Override
    public void close() {
        if (summing != null) {
            summing.close();
        }
        hooks.forEach(GradientHook::close);
    }
}
