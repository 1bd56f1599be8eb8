package ddpm.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ddpm.torch.DType;
import ddpm.torch.Device;
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

    @Test
    void blocksThatDeclareTheSameNumbersShareABuffer() {
        try (var params = new Params();
                var _ = TensorScope.open()) {
            var buffer = params.sub("a").buffer(Shape.of(2), new float[] {1, 2});
            assertSame(buffer, params.sub("b").buffer(Shape.of(2), new float[] {1, 2}));
            assertNotSame(buffer, params.sub("b").buffer(Shape.of(1, 2), new float[] {1, 2}));
            assertNotSame(buffer, params.sub("b").buffer(Shape.of(2), new float[] {1, 3}));
            params.allocate(Device.CPU, DType.FLOAT32);
            assertArrayEquals(new float[] {1, 2}, buffer.tensor().toFloats());
        }
    }

    @Test
    void anEmbeddingGivesRowsAndTheirGradients() {
        try (var params = new Params();
                var _ = TensorScope.open()) {
            var table = Layers.embedding(3, 2).at(params.sub("table"));
            params.allocate(Device.CPU, DType.FLOAT32);
            params.all().getFirst().value().copyFrom(Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, Shape.of(3, 2)));
            params.trainable();
            var rows = table.forward(Tensor.of(new long[] {2, 0, 2}, Shape.of(3)));
            assertArrayEquals(new float[] {5, 6, 1, 2, 5, 6}, rows.toFloats());
            Ops.sum(rows).backward();
            assertArrayEquals(
                    new float[] {1, 1, 0, 0, 2, 2},
                    params.named(params.flatGradient()).get("table.weight").toFloats());
        }
    }

    @Test
    void layersThatCannotBeAreRefused() {
        try (var params = new Params()) {
            var path = params.root();
            assertThrows(IllegalArgumentException.class, () -> new MultiHeadAttention(path, 8, 3));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new Conv2d(path, 8, 6, Conv2d.Config.same(3).withGroups(4)));
        }
    }
}
