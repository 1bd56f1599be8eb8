package ddpm.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import org.junit.jupiter.api.Test;

class ModuleTest {
    private static final Module DOUBLED = x -> x.mul(2).add(x.mul(0)); // with intermediates of its own

    private static Tensor ones() {
        return Tensor.of(new float[] {1, 1}, Shape.of(2));
    }

    @Test
    void aChainLeavesItsInputAndItsResultOpen() {
        try (var _ = TensorScope.open()) {
            var x = ones();
            long before = TensorScope.liveTensors();
            var y = Module.chain(x, DOUBLED, DOUBLED, Ops::relu, DOUBLED);
            assertEquals(before + 1, TensorScope.liveTensors());
            assertArrayEquals(new float[] {8, 8}, y.toFloats());
            assertArrayEquals(new float[] {1, 1}, x.toFloats());
        }
    }

    @Test
    void modulesThatReturnTheirInputAreNoReasonToFreeIt() {
        try (var _ = TensorScope.open()) {
            Module nothing = x -> x;
            var x = ones();
            assertSame(x, Module.chain(x));
            assertSame(x, Module.chain(x, nothing, nothing));
            assertArrayEquals(
                    new float[] {4, 4},
                    Module.chain(x, nothing, DOUBLED, nothing, DOUBLED, nothing).toFloats());
            assertArrayEquals(new float[] {1, 1}, x.toFloats());
        }
    }

    @Test
    void whatAModuleOnlyHandsOutStaysItsOwn() {
        try (var _ = TensorScope.open()) {
            var kept = ones();
            var x = ones();
            Module keeper = v -> kept;
            assertArrayEquals(
                    new float[] {2, 2},
                    Module.chain(x, DOUBLED, keeper, DOUBLED).toFloats());
            assertSame(kept, Module.chain(x, DOUBLED, keeper));
            assertArrayEquals(new float[] {1, 1}, kept.toFloats());
        }
    }

    @Test
    void whatAFailedChainMadeGoesWithItsScope() {
        long before = TensorScope.liveTensors();
        try (var _ = TensorScope.open()) {
            Module failing = x -> {
                throw new IllegalStateException("here");
            };
            var x = ones();
            assertThrows(IllegalStateException.class, () -> Module.chain(x, DOUBLED, failing));
        }
        assertEquals(before, TensorScope.liveTensors());
    }
}
