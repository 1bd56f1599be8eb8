package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

class GradModeTest {
    private static final Executor ANOTHER_THREAD = task -> Thread.ofPlatform().start(task);

    @Test
    void nothingIsRecordedWhileOff() {
        try (var _ = TensorScope.open()) {
            var x = Tensor.of(new float[] {1, 2}, Shape.of(2)).requiresGrad(true);
            try (var _ = GradMode.off()) {
                var sum = Ops.sum(x.mul(x));
                var e = assertThrows(IllegalStateException.class, sum::backward);
                assertTrue(e.getMessage().contains("GradMode.off()"), e.getMessage());
            }
            assertNull(x.grad());
            Ops.sum(x.mul(x)).backward();
            assertArrayEquals(new float[] {2, 4}, x.grad().toFloats());
        }
    }

    @Test
    @SuppressWarnings("try") // closes by hand what also closes by itself
    void modesNestAndEndInReverse() {
        assertTrue(GradMode.isOn());
        try (var off = GradMode.off()) {
            try (var _ = GradMode.on()) {
                assertTrue(GradMode.isOn());
            }
            assertFalse(GradMode.isOn());
            off.close();
            assertTrue(GradMode.isOn());
        }
        assertTrue(GradMode.isOn());
    }

    @Test
    @SuppressWarnings("try") // closes by hand what also closes by itself
    void eachThreadHasItsOwn() {
        try (var off = GradMode.off()) {
            assertTrue(CompletableFuture.supplyAsync(GradMode::isOn, ANOTHER_THREAD)
                    .join());
            var e = assertThrows(
                    CompletionException.class,
                    () -> CompletableFuture.runAsync(off::close, ANOTHER_THREAD).join());
            assertEquals(IllegalStateException.class, e.getCause().getClass());
            assertFalse(GradMode.isOn());
        }
    }
}
