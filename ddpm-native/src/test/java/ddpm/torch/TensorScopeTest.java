package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

class TensorScopeTest {
    private static final Executor ANOTHER_THREAD = task -> Thread.ofPlatform().start(task);

    @Test
    void aScopeFreesWhatWasMadeInsideAndCountsIt() {
        long before = TensorScope.liveTensors();
        Tensor tensor;
        try (var _ = TensorScope.open()) {
            tensor = Tensor.scalar(1);
            tensor.add(tensor);
            assertEquals(before + 2, TensorScope.liveTensors());
        }
        assertEquals(before, TensorScope.liveTensors());
        assertFalse(tensor.isOpen());
    }

    @Test
    void usingAFreedTensorIsRefusedByShape() {
        Tensor tensor;
        try (var _ = TensorScope.open()) {
            tensor = Tensor.zeros(Shape.of(2, 3), DType.FLOAT32, Device.CPU);
        }
        try (var _ = TensorScope.open()) {
            var e = assertThrows(IllegalStateException.class, () -> tensor.add(1));
            assertTrue(e.getMessage().contains("[2, 3]") && e.getMessage().contains("closed"), e.getMessage());
            assertThrows(IllegalStateException.class, tensor::grad);
            assertThrows(IllegalStateException.class, tensor::strides);
            assertThrows(IllegalStateException.class, tensor::toFloats);
            assertThrows(
                    IllegalStateException.class,
                    () -> Ops.cat(0, Tensor.scalar(1).view(1), tensor.narrow(0, 0, 1)));
        }
        tensor.close(); // harmless
    }

    @Test
    void aKeptTensorOutlivesItsScopeAndDiesWithTheOuter() {
        long before = TensorScope.liveTensors();
        Tensor kept;
        try (var _ = TensorScope.open()) {
            try (var inner = TensorScope.open()) {
                kept = inner.keep(Tensor.scalar(3));
                assertSame(kept, inner.keep(kept)); // already the outer's: left there
            }
            assertEquals(3, kept.item());
        }
        assertFalse(kept.isOpen());
        assertEquals(before, TensorScope.liveTensors());
    }

    @Test
    void withoutAnOuterScopeAKeptTensorIsTheCallers() {
        Tensor kept;
        try (var scope = TensorScope.open()) {
            kept = scope.keep(Tensor.scalar(4));
        }
        assertTrue(kept.isOpen());
        kept.close();
        assertFalse(kept.isOpen());
    }

    @Test
    void aDetachedTensorIsTheCallersAndOutlivesItsScope() {
        Tensor tensor;
        try (var _ = TensorScope.open()) {
            tensor = TensorScope.detach(Tensor.scalar(5));
            TensorScope.detach(tensor);
        }
        try (var _ = TensorScope.open()) {
            assertEquals(5, tensor.item());
        }
        tensor.close();
    }

    @Test
    void aViewKeepsTheMemoryOfAClosedTensor() {
        try (var _ = TensorScope.open()) {
            var whole = Tensor.of(new float[] {1, 2, 3, 4}, Shape.of(4));
            var view = whole.narrow(0, 2, 2);
            whole.close();
            assertArrayEquals(new float[] {3, 4}, view.toFloats());
        }
    }

    @Test
    void scopesCloseInnermostFirst() {
        var outer = TensorScope.open();
        var inner = TensorScope.open();
        var e = assertThrows(IllegalStateException.class, outer::close);
        assertTrue(e.getMessage().contains("innermost first"), e.getMessage());
        inner.close();
        inner.close();
        outer.close();
    }

    @Test
    void scopesCloseOnTheirOwnThreadAlone() {
        var scope = TensorScope.open();
        var tensor = Tensor.scalar(1);
        for (Runnable misuse : new Runnable[] {scope::close, () -> scope.keep(tensor)}) {
            var e = assertThrows(
                    CompletionException.class,
                    () -> CompletableFuture.runAsync(misuse, ANOTHER_THREAD).join());
            assertEquals(IllegalStateException.class, e.getCause().getClass());
        }
        assertTrue(tensor.isOpen());
        scope.close();
        assertFalse(tensor.isOpen());
    }

    @Test
    void aThreadWithoutAScopeMakesNoTensors() {
        try (var _ = TensorScope.open()) {
            var here = Tensor.scalar(1);
            long before = TensorScope.liveTensors();
            var e = assertThrows(
                    CompletionException.class,
                    () -> CompletableFuture.runAsync(() -> here.add(here), ANOTHER_THREAD)
                            .join());
            assertTrue(e.getCause().getMessage().contains("no TensorScope is open on thread"), e.getMessage());
            assertEquals(before, TensorScope.liveTensors());
        }
    }

    @Test
    void tensorsMayBeClosedOrDetachedOnAnotherThread() {
        long before = TensorScope.liveTensors();
        Tensor detached;
        try (var _ = TensorScope.open()) {
            var tensor = Tensor.scalar(1);
            detached = Tensor.scalar(2);
            CompletableFuture.runAsync(tensor::close, ANOTHER_THREAD).join();
            CompletableFuture.runAsync(() -> TensorScope.detach(detached), ANOTHER_THREAD)
                    .join();
            assertFalse(tensor.isOpen());
            Tensor.scalar(3);
        }
        assertTrue(detached.isOpen());
        detached.close();
        assertEquals(before, TensorScope.liveTensors());
    }

    @Test
    void aTensorClosedByTwoThreadsAtOnceIsFreedOnce() throws Exception {
        long before = TensorScope.liveTensors();
        var barrier = new CyclicBarrier(2);
        for (int i = 0; i < 200; i++) {
            try (var _ = TensorScope.open()) {
                var tensor = TensorScope.detach(Tensor.scalar(i));
                var other = CompletableFuture.runAsync(
                        () -> {
                            meet(barrier);
                            tensor.close();
                        },
                        ANOTHER_THREAD);
                meet(barrier);
                tensor.close();
                other.join();
            }
        }
        assertEquals(before, TensorScope.liveTensors());
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
