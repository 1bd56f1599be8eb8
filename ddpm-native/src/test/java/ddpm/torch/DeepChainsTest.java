package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What hangs together in long chains is freed without a recursion as deep as the chain is long. */
class DeepChainsTest {
    private static final int LENGTH = 20_000;

    /** Little, so that a recursion in native code shows at once: it would end this JVM. */
    private static final long STACK = 512 << 10;

    private record Chain(String name, Runnable building) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Tensor leaf() {
        return Tensor.full(Shape.of(4), 1, DType.FLOAT32, Device.CPU).requiresGrad(true);
    }

    static Stream<Chain> chains() {
        return Stream.of(
                new Chain("gradients of gradients", () -> {
                    var last = leaf();
                    for (int i = 0; i < LENGTH; i++) {
                        var next = leaf();
                        next.gradInto(last);
                        last = next;
                    }
                }),
                new Chain("gradients of gradients, the other way round", () -> {
                    var last = leaf();
                    for (int i = 0; i < LENGTH; i++) {
                        var next = leaf();
                        last.gradInto(next);
                        last = next;
                    }
                }),
                new Chain("gradients that have a graph", () -> {
                    var last = leaf();
                    for (int i = 0; i < LENGTH; i++) {
                        var next = leaf();
                        next.gradInto(last.mul(last));
                        last = next;
                    }
                }),
                new Chain("products", () -> {
                    var x = leaf();
                    var y = x.mul(x);
                    for (int i = 0; i < LENGTH; i++) {
                        y = y.mul(x);
                    }
                }),
                new Chain("views of views", () -> {
                    var y = leaf().view(2, 2);
                    for (int i = 0; i < LENGTH; i++) {
                        y = y.transpose(0, 1);
                    }
                }),
                new Chain("changes in place", () -> {
                    var x = leaf();
                    var y = x.mul(x);
                    for (int i = 0; i < LENGTH; i++) {
                        Ops.mulInPlace(y, x);
                    }
                }),
                new Chain("changes of parts in place", () -> {
                    var x = leaf();
                    var y = x.mul(x);
                    for (int i = 0; i < LENGTH / 10; i++) {
                        y.narrow(0, 0, 2).copyFrom(x.narrow(0, 1, 2));
                    }
                }));
    }

    @ParameterizedTest
    @MethodSource("chains")
    void areFreedOnASmallStack(Chain chain) throws InterruptedException {
        long before = TensorScope.liveTensors();
        var failure = new AtomicReference<Throwable>();
        var thread = new Thread(
                null,
                () -> {
                    try (var _ = TensorScope.open()) {
                        chain.building().run();
                    }
                },
                "small stack",
                STACK);
        thread.setUncaughtExceptionHandler((_, e) -> failure.set(e));
        thread.start();
        thread.join();
        assertEquals(null, failure.get());
        assertEquals(before, TensorScope.liveTensors());
    }

    /** Two that held each other's memory as their gradient were never freed: 64 MB each time. */
    @Test
    void gradientsInACircleAreFreed() throws Exception {
        long first = 0;
        for (int i = 0; i < 12; i++) {
            try (var _ = TensorScope.open()) {
                var x = Tensor.full(Shape.of(16 << 20), 1, DType.FLOAT32, Device.CPU);
                var y = Tensor.full(Shape.of(16 << 20), 1, DType.FLOAT32, Device.CPU);
                x.gradInto(y);
                y.gradInto(x);
            }
            if (i == 2) {
                first = Malloc.residentKilobytes();
            }
        }
        long grown = Malloc.residentKilobytes() - first;
        assertTrue(grown < 200_000, "nine circles of 128 MB each left " + grown + " kB");
    }

    @Test
    void aGradientIsTheMemoryThatWasGiven() {
        try (var _ = TensorScope.open()) {
            var flat = Tensor.zeros(Shape.of(8), DType.FLOAT32, Device.CPU);
            var x = leaf();
            x.gradInto(flat.narrow(0, 2, 4));
            Ops.sum(x.mul(3)).backward();
            Ops.sum(x.mul(4)).backward();
            assertArrayEquals(new float[] {0, 0, 7, 7, 7, 7, 0, 0}, flat.toFloats());
            assertNotNull(x.grad());
            x.grad().fill(1);
            assertArrayEquals(new float[] {0, 0, 1, 1, 1, 1, 0, 0}, flat.toFloats());
        }
    }
}
