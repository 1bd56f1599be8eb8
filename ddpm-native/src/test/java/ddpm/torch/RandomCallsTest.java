package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Random sequences of calls of everything that makes, changes or frees tensors, with arguments valid and not, from four
 * threads that exchange tensors and close each other's. Whatever is wrong must be an exception of a documented kind: a
 * crash would end this JVM.
 */
class RandomCallsTest {
    private static final long CALLS = Long.getLong("ddpm.randomCalls", 100_000);
    private static final int THREADS = 4;
    private static final int POOL = 48;
    private static final int MOST_ELEMENTS = 400;

    private static final DType[] TYPES = {
        DType.FLOAT32, DType.FLOAT32, DType.FLOAT32, DType.BFLOAT16, DType.FLOAT64, DType.INT64, DType.BOOL, DType.UINT8
    };
    private static final long[][] SHAPES = {
        {},
        {0},
        {1},
        {4},
        {8},
        {2, 4},
        {4, 4},
        {4, 8},
        {0, 4},
        {1, 4, 4, 4},
        {2, 4, 4, 4},
        {4, 4, 3, 3},
        {1, 4, 3, 3},
        {4, 1, 3, 3},
        {4, 4, 1, 1},
        {2, 1, 4, 4},
        {1, 1, 4, 8},
        {0, 4, 4, 4},
        {2, 4, 0, 4},
        {1, 1, 1, 1, 1}
    };
    private static final int[] NUMBERS = {
        -3, -2, -1, 0, 0, 1, 1, 1, 2, 2, 3, 4, 8, 16, 600, 65536, Integer.MAX_VALUE, Integer.MIN_VALUE
    };

    /** Tensors that any thread may use, replace and close at any time. */
    private final AtomicReferenceArray<Tensor> pool = new AtomicReferenceArray<>(POOL);

    private final LongAdder succeeded = new LongAdder();
    private final ConcurrentHashMap<String, LongAdder> refused = new ConcurrentHashMap<>();

    /** One call with random arguments; its result, if any, goes into the pool. */
    private interface Call {
        Tensor on(Caller caller);
    }

    /** One thread's random choices. */
    private final class Caller {
        private final SplittableRandom random;

        Caller(SplittableRandom random) {
            this.random = random;
        }

        int below(int bound) {
            return random.nextInt(bound);
        }

        int number() {
            return NUMBERS[below(NUMBERS.length)];
        }

        double real() {
            return below(20) == 0 ? Double.NaN : random.nextDouble(-3, 3);
        }

        DType type() {
            return TYPES[below(TYPES.length)];
        }

        Shape shape() {
            return Shape.of(SHAPES[below(SHAPES.length)]);
        }

        /** A tensor of the pool, perhaps closed by the time it is used, or null now and then. */
        Tensor any() {
            return below(200) == 0 ? null : pool.get(below(POOL));
        }

        Tensor fresh(long... shape) {
            return Tensor.full(Shape.of(shape), real(), below(3) == 0 ? DType.BFLOAT16 : DType.FLOAT32, Device.CPU);
        }

        /** Of this shape and float32 by chance, else whatever comes. */
        Tensor like(long... shape) {
            return below(3) > 0 ? fresh(shape) : any();
        }

        MemoryFormat format() {
            return MemoryFormat.values()[below(3)];
        }

        long[] numbers() {
            var numbers = new long[below(5)];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = number();
            }
            return numbers;
        }

        Tensor indices() {
            return Tensor.of(new long[] {number(), below(3)}, Shape.of(2));
        }
    }

    private static final List<Call> CALLS_OF_ALL_KINDS = calls();

    private static List<Call> calls() {
        var calls = new ArrayList<Call>();
        making(calls);
        elements(calls);
        views(calls);
        arithmetic(calls);
        layers(calls);
        reductions(calls);
        pointwise(calls);
        shaping(calls);
        byName(calls);
        inPlace(calls);
        autograd(calls);
        packed(calls);
        ends(calls);
        return List.copyOf(calls);
    }

    private static void making(List<Call> calls) {
        calls.add(c -> Tensor.zeros(c.shape(), c.type(), Device.CPU));
        calls.add(c -> Tensor.full(c.shape(), c.real(), c.type(), Device.CPU));
        calls.add(c -> Tensor.empty(c.shape(), c.type(), Device.CPU, c.format()));
        calls.add(c -> Tensor.of(new float[c.below(9)], c.shape()));
        calls.add(c -> Tensor.of(new double[c.below(9)], c.shape()));
        calls.add(c -> Tensor.of(new long[c.below(9)], c.shape()));
        calls.add(c -> Tensor.of(ByteBuffer.allocate(c.below(65)), c.type(), c.shape()));
        calls.add(c -> Tensor.scalar((float) c.real()));
        calls.add(c -> Tensor.zeros(Shape.of(c.numbers()).with(0, 1), c.type(), Device.cuda(c.below(3))));
    }

    private static void elements(List<Call> calls) {
        calls.add(c -> nothing(c.any().toFloats()));
        calls.add(c -> nothing(c.any().toDoubles()));
        calls.add(c -> nothing(c.any().toLongs()));
        calls.add(c -> nothing(c.any().toBytes()));
        calls.add(c -> nothing(c.any().item()));
        calls.add(c -> nothing(c.any().strides()));
        calls.add(c -> nothing(c.any().isContiguous()));
        calls.add(c -> nothing(c.any().toString()));
        calls.add(c -> nothing(c.any().set(c.number(), new float[4], c.number(), c.number())));
        calls.add(c -> nothing(c.any().set(c.number(), 1L, 2L)));
        calls.add(c -> nothing(c.any().set(ByteBuffer.allocate(4 * c.below(9)))));
    }

    private static Tensor nothing(Object ignored) {
        return null;
    }

    private static void views(List<Call> calls) {
        calls.add(c -> c.any().detach());
        calls.add(c -> c.any().copy());
        calls.add(c -> c.any().contiguous());
        calls.add(c -> c.any().contiguous(c.format()));
        calls.add(c -> c.any().to(c.type()));
        calls.add(c -> c.any().on(Device.CPU));
        calls.add(c -> c.any().view(c.numbers()));
        calls.add(c -> c.any().view(-1));
        calls.add(c -> c.any().reshape(c.numbers()));
        calls.add(c -> c.any().permute(c.numbers()));
        calls.add(c -> c.any().permute(1, 0));
        calls.add(c -> c.any().transpose(c.number(), c.number()));
        calls.add(c -> c.any().narrow(c.number(), c.number(), c.number()));
        calls.add(c -> c.any().narrow(0, 0, 1));
        calls.add(c -> c.any().strided(c.number(), c.numbers(), c.numbers()));
        calls.add(c -> c.any().strided(0, new long[] {2, 2}, new long[] {c.below(3), c.below(3)}));
    }

    private static void arithmetic(List<Call> calls) {
        calls.add(c -> c.any().add(c.any()));
        calls.add(c -> c.any().sub(c.any()));
        calls.add(c -> c.any().add(c.any(), c.real()));
        calls.add(c -> c.any().mul(c.any()));
        calls.add(c -> c.any().div(c.any()));
        calls.add(c -> c.any().add(c.real()));
        calls.add(c -> c.any().mul(c.real()));
        calls.add(c -> c.any().neg());
        calls.add(c -> Ops.silu(c.any()));
        calls.add(c -> Shaping.windows(c.any(), c.number(), c.number()));
        calls.add(c -> Ops.relu(c.any()));
        calls.add(c -> Ops.exp(c.any()));
        calls.add(c -> Ops.log(c.any()));
        calls.add(c -> Ops.sqrt(c.any()));
        calls.add(c -> Ops.sin(c.any()));
        calls.add(c -> Ops.cos(c.any()));
        calls.add(c -> Ops.tanh(c.any()));
        calls.add(c -> Ops.clamp(c.any(), c.real(), c.real()));
    }

    private static void layers(List<Call> calls) {
        calls.add(c -> Ops.conv2d(c.like(2, 4, 4, 4), c.like(4, 4, 3, 3), c.below(2) == 0 ? null : c.like(4), 1, 1));
        calls.add(c -> Ops.conv2d(c.any(), c.any(), null, c.number(), c.number()));
        calls.add(c -> Ops.convTranspose2d(c.like(1, 4, 4, 4), c.like(4, 1, 3, 3), null, c.number(), c.number()));
        calls.add(c -> Ops.linear(c.like(2, 4), c.like(8, 4), c.below(2) == 0 ? null : c.like(8)));
        calls.add(c -> Ops.groupNorm(c.like(2, 4, 4, 4), c.number(), c.like(4), c.like(4), c.real()));
        calls.add(c -> Ops.avgPool2d(c.any(), c.number()));
        calls.add(c -> Ops.maxPool2d(c.any(), c.number()));
        calls.add(c -> Ops.upsampleNearest2d(c.any(), c.below(4) == 0 ? c.number() % 70 : c.below(3)));
        calls.add(c -> Ops.pixelUnshuffle(c.any(), c.number()));
        calls.add(c -> Ops.pixelShuffle(c.any(), c.number()));
        calls.add(c -> Ops.padZeros(c.any(), c.below(3), c.below(3), c.below(3) - 1, c.below(3)));
        calls.add(c -> Ops.cat(c.number(), c.any(), c.any()));
        calls.add(c -> Ops.softmax(c.any(), c.number()));
        calls.add(c -> Ops.logSoftmax(c.any(), c.number()));
        calls.add(c -> Ops.attention(c.like(1, 1, 4, 8), c.like(1, 1, 4, 8), c.like(1, 1, 4, 8)));
        calls.add(c -> Ops.matmul(c.any(), c.any()));
        calls.add(c -> Ops.dot(c.any(), c.any()));
    }

    private static void reductions(List<Call> calls) {
        calls.add(c -> Ops.sum(c.any()));
        calls.add(c -> Ops.mean(c.any()));
        calls.add(c -> Ops.sum(c.any(), c.numbers()));
        calls.add(c -> Ops.mean(c.any(), c.numbers()));
        calls.add(c -> Ops.mseLoss(c.any(), c.any()));
        calls.add(c -> Ops.nllLoss(c.like(2, 4), c.indices()));
        calls.add(c -> Ops.indexSelect(c.any(), c.number(), c.indices()));
        calls.add(c -> Ops.argmax(c.any(), c.number()));
    }

    private static void pointwise(List<Call> calls) {
        calls.add(c -> Pointwise.gelu(c.any()));
        calls.add(c -> Pointwise.geluTanh(c.any()));
        calls.add(c -> Pointwise.sigmoid(c.any()));
        calls.add(c -> Pointwise.softplus(c.any()));
        calls.add(c -> Pointwise.rsqrt(c.any()));
        calls.add(c -> Pointwise.abs(c.any()));
        calls.add(c -> Pointwise.pow(c.any(), c.any()));
        calls.add(c -> Pointwise.pow(c.any(), c.real()));
        calls.add(c -> Pointwise.maximum(c.any(), c.any()));
        calls.add(c -> Pointwise.minimum(c.any(), c.any()));
        calls.add(c -> Pointwise.where(Pointwise.lt(c.any(), c.any()), c.any(), c.any()));
        calls.add(c -> Pointwise.where(c.any(), c.any(), c.any()));
        calls.add(c -> Pointwise.eq(c.any(), c.any()));
        calls.add(c -> Pointwise.ne(c.any(), c.number()));
        calls.add(c -> Pointwise.ge(c.any(), c.real()));
        calls.add(c -> c.any().sub(c.real()));
        calls.add(c -> c.any().rsub(c.real()));
        calls.add(c -> c.any().div(c.real()));
    }

    private static void shaping(List<Call> calls) {
        calls.add(c -> Reductions.sum(c.any(), c.below(2) == 0, c.numbers()));
        calls.add(c -> Reductions.mean(c.any(), c.below(2) == 0, c.numbers()));
        calls.add(c -> Reductions.var(c.any(), c.below(2) == 0, c.below(2) == 0, c.numbers()));
        calls.add(c -> Reductions.max(c.any()));
        calls.add(c -> Reductions.min(c.any()));
        calls.add(c -> Reductions.max(c.any(), c.number(), c.below(2) == 0).values());
        calls.add(c -> Reductions.min(c.any(), c.number(), c.below(2) == 0).indices());
        calls.add(c -> Reductions.argmin(c.any(), c.number()));
        calls.add(c -> Reductions.cumsum(c.any(), c.number()));
        calls.add(c -> Shaping.chunk(c.any(), c.number(), c.number()).getLast());
        calls.add(c -> Shaping.split(c.any(), c.number(), c.number()).getFirst());
        calls.add(c -> Shaping.stack(c.number(), c.any(), c.any()));
        calls.add(c -> Shaping.expand(c.any(), c.numbers()));
        calls.add(c -> Shaping.squeeze(c.any(), c.number()));
        calls.add(c -> Shaping.unsqueeze(c.any(), c.number()));
        calls.add(c -> Shaping.gather(c.any(), c.number(), c.any()));
        calls.add(c -> Shaping.gather(c.like(2, 4), 1, Tensor.of(new long[] {c.below(5), 3}, Shape.of(2, 1))));
        calls.add(c -> Shaping.flip(c.any(), c.numbers()));
        calls.add(c -> Shaping.arange(c.number(), c.below(99), Device.CPU));
        calls.add(c -> Ops.layerNorm(c.any(), c.shape(), c.below(2) == 0 ? null : c.any(), null, c.real()));
        calls.add(c -> Ops.layerNorm(c.like(2, 4), Shape.of(4), c.like(4), c.like(4), 1e-5));
        calls.add(c -> Ops.embedding(c.like(2, 4), c.indices()));
        calls.add(c -> Ops.embedding(c.any(), c.any()));
        calls.add(c -> Ops.conv2d(c.like(2, 4, 4, 4), c.like(4, 1, 3, 3), null, 1, 1, c.number()));
        calls.add(c -> Ops.conv2d(c.any(), c.any(), c.any(), c.number(), c.number(), c.number()));
        calls.add(c -> Ops.upsampleBilinear2d(c.any(), c.number() % 70, c.number() % 70, c.below(2) == 0));
        calls.add(c -> Ops.attention(c.like(1, 1, 4, 8), c.like(1, 1, 4, 8), c.like(1, 1, 4, 8), c.any()));
        calls.add(c -> Ops.attention(c.any(), c.any(), c.any(), c.like(4, 4)));
        calls.add(c -> Ops.einsum(c.below(2) == 0 ? "ij,jk->ik" : "...i,...i", c.any(), c.any()));
    }

    private static Tensor last(List<Tensor> results) {
        return results.isEmpty() ? null : results.getLast();
    }

    /** Operators that check shapes themselves, with arguments of kinds right and wrong. */
    private static void byName(List<Call> calls) {
        String[] names = {"aten::gelu", "aten::add", "aten::sum.dim_IntList", "aten::unbind.int", "aten::nothing"};
        calls.add(c -> Ops.call(names[c.below(names.length)], c.any()));
        calls.add(c -> Ops.call("aten::sum.dim_IntList", c.any(), c.numbers(), c.below(2) == 0, c.type()));
        calls.add(c -> Ops.call("aten::roll", c.any(), c.numbers(), c.numbers()));
        calls.add(c -> Ops.call("aten::mul.Tensor", c.any(), c.below(3) == 0 ? (Object) c.number() : c.any()));
        calls.add(c -> Ops.call("aten::zeros", c.shape().toArray(), c.type(), null, Device.CPU));
        calls.add(c -> last(Ops.callAll("aten::unbind.int", c.any(), c.number())));
        calls.add(c -> Ops.callAll("aten::var_mean.dim", c.any(), c.numbers()).getFirst());
    }

    private static void inPlace(List<Call> calls) {
        calls.add(c -> nothing(c.any().fill(c.real())));
        calls.add(c -> nothing(c.any().zero()));
        calls.add(c -> nothing(c.any().copyFrom(c.any())));
        calls.add(c -> {
            Ops.lerpInPlace(c.any(), c.any(), c.real());
            return null;
        });
        calls.add(c -> {
            Ops.lerpInto(c.any(), c.any(), c.any(), c.any());
            return null;
        });
        calls.add(c -> {
            Ops.mulInPlace(c.any(), c.any());
            return null;
        });
        calls.add(c -> {
            Ops.adamStep(
                    c.like(4), c.like(4), c.like(4), c.like(4), c.number(), 1e-3, 0.9, 0.99, 0, 1e-8, Ops.Decay.L2);
            return null;
        });
    }

    private static void autograd(List<Call> calls) {
        calls.add(c -> nothing(c.any().requiresGrad(c.below(2) == 0)));
        calls.add(c -> nothing(c.any().requiresGrad()));
        calls.add(c -> c.fresh(2, 4).requiresGrad(true));
        calls.add(c -> {
            c.any().backward();
            return null;
        });
        calls.add(c -> {
            Ops.sum(c.any()).backward();
            return null;
        });
        calls.add(c -> c.any().grad());
        calls.add(c -> {
            c.any().gradInto(c.any());
            return null;
        });
        calls.add(c -> {
            try (var _ = c.below(2) == 0 ? GradMode.off() : GradMode.on();
                    var scope = TensorScope.open()) {
                return scope.keep(c.any().mul(c.any()));
            }
        });
    }

    private static void packed(List<Call> calls) {
        calls.add(c -> PackedKernel.ofConv2d(
                c.like(4, 4, 3, 3), c.below(2) == 0 ? Shape.of(2, 4, 4, 4) : c.shape(), 1, c.below(3) - 1));
        calls.add(c -> PackedKernel.ofConv2d(c.any(), c.shape(), c.number(), c.number()));
        calls.add(c -> PackedKernel.conv2d(c.like(2, 4, 4, 4), c.any(), null, c.number(), c.number()));
        calls.add(c -> PackedKernel.conv2d(c.like(2, 4, 4, 4), c.any(), c.like(4), 1, 1));
        calls.add(c -> PackedKernel.ofConv2d(
                c.like(4, 2, 1, 3), Shape.of(2, 4, 4, 4), 1, c.below(2), c.below(3) - 1, c.below(4)));
        calls.add(c -> PackedKernel.ofConv2d(c.any(), c.shape(), c.number(), c.number(), c.number(), c.number()));
        calls.add(c -> PackedKernel.conv2d(c.like(2, 4, 4, 4), c.any(), null, 1, c.number(), c.number(), c.number()));
        calls.add(c -> PackedKernel.ofLinear(c.like(8, 4), c.number()));
        calls.add(c -> PackedKernel.linear(c.like(2, 4), c.any(), c.below(2) == 0 ? null : c.like(8)));
        calls.add(c -> nothing(PackedKernel.suits(c.any(), c.any())));
    }

    /** Closing what others may be using right now is most of the point, so it comes often. */
    private static void ends(List<Call> calls) {
        for (int i = 0; i < 6; i++) {
            calls.add(c -> {
                c.any().close();
                return null;
            });
        }
        calls.add(c -> TensorScope.detach(c.any()));
        calls.add(c -> {
            try (var scope = TensorScope.open()) {
                scope.keep(c.any());
                return null;
            }
        });
    }

    @Test
    @Timeout(3600)
    void nothingThatFourThreadsDoEndsTheProcess() throws Exception {
        long before;
        try (var _ = TensorScope.open()) {
            before = TensorScope.liveTensors();
            for (int i = 0; i < POOL; i++) {
                pool.set(i, TensorScope.detach(Tensor.scalar(i)));
            }
        }
        long seed = Long.getLong("ddpm.randomSeed", 1);
        try (var threads = Executors.newFixedThreadPool(THREADS)) {
            var runs = new ArrayList<Callable<Void>>();
            var random = new SplittableRandom(seed);
            for (int i = 0; i < THREADS; i++) {
                var own = random.split();
                runs.add(() -> run(new Caller(own)));
            }
            for (var run : threads.invokeAll(runs)) {
                run.get();
            }
        }
        for (int i = 0; i < POOL; i++) {
            pool.get(i).close();
        }
        assertEquals(before, TensorScope.liveTensors(), "tensors left over");
        long refusals = refused.values().stream().mapToLong(LongAdder::sum).sum();
        assertEquals(CALLS / THREADS * THREADS, succeeded.sum() + refusals);
        assertTrue(succeeded.sum() > CALLS / 4, () -> "only " + succeeded + " succeeded: " + refused);
        assertTrue(refusals > CALLS / 10, () -> "hardly anything was refused: " + refused);
        System.out.println(succeeded + " calls succeeded, refused were " + refused);
    }

    private Void run(Caller caller) {
        LibTorch.load().setThreads(1);
        for (long i = 0; i < CALLS / THREADS; i++) {
            try (var _ = TensorScope.open()) {
                var call = CALLS_OF_ALL_KINDS.get(caller.below(CALLS_OF_ALL_KINDS.size()));
                try {
                    publish(caller, call.on(caller));
                    succeeded.increment();
                } catch (IllegalArgumentException
                        | IllegalStateException
                        | IndexOutOfBoundsException
                        | NullPointerException
                        | TorchException e) {
                    refused.computeIfAbsent(e.getClass().getSimpleName(), _ -> new LongAdder())
                            .increment();
                }
            }
        }
        return null;
    }

    /**
     * Small results go into the pool, often without their graph, which would grow for ever. Without elements is not small:
     * the sum of [0, 2147483647] along the first dimension has 8 GB.
     */
    private void publish(Caller caller, Tensor result) {
        if (result == null
                || result.shape().numel() > MOST_ELEMENTS
                || Arrays.stream(result.shape().toArray()).anyMatch(size -> size > MOST_ELEMENTS)) {
            return;
        }
        var shared = TensorScope.detach(caller.below(3) == 0 ? result : result.detach());
        var old = pool.getAndSet(caller.below(POOL), shared);
        if (old != shared) {
            old.close();
        }
    }
}
