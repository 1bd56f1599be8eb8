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

class BlockTest {
    private static final Block DOUBLED = x -> x.mul(2).add(x.mul(0)); // with intermediates of its own

    private static Tensor ones() {
        return Tensor.of(new float[] {1, 1}, Shape.of(2));
    }

    @Test
    void aChainLeavesItsInputAndItsResultOpen() {
        try (var _ = TensorScope.open()) {
            var x = ones();
            long before = TensorScope.liveTensors();
            var y = Block.chain(x, DOUBLED, DOUBLED, Ops::relu, DOUBLED);
            assertEquals(before + 1, TensorScope.liveTensors());
            assertArrayEquals(new float[] {8, 8}, y.toFloats());
            assertArrayEquals(new float[] {1, 1}, x.toFloats());
        }
    }

    @Test
    void modulesThatReturnTheirInputAreNoReasonToFreeIt() {
        try (var _ = TensorScope.open()) {
            Block nothing = x -> x;
            var x = ones();
            assertSame(x, Block.chain(x));
            assertSame(x, Block.chain(x, nothing, nothing));
            assertArrayEquals(
                    new float[] {4, 4},
                    Block.chain(x, nothing, DOUBLED, nothing, DOUBLED, nothing).toFloats());
            assertArrayEquals(new float[] {1, 1}, x.toFloats());
        }
    }

    @Test
    void whatAModuleOnlyHandsOutStaysItsOwn() {
        try (var _ = TensorScope.open()) {
            var kept = ones();
            var x = ones();
            Block keeper = v -> kept;
            assertArrayEquals(
                    new float[] {2, 2}, Block.chain(x, DOUBLED, keeper, DOUBLED).toFloats());
            assertSame(kept, Block.chain(x, DOUBLED, keeper));
            assertArrayEquals(new float[] {1, 1}, kept.toFloats());
        }
    }

    @Test
    void whatAFailedChainMadeGoesWithItsScope() {
        long before = TensorScope.liveTensors();
        try (var _ = TensorScope.open()) {
            Block failing = x -> {
                throw new IllegalStateException("here");
            };
            var x = ones();
            assertThrows(IllegalStateException.class, () -> Block.chain(x, DOUBLED, failing));
        }
        assertEquals(before, TensorScope.liveTensors());
    }
}
