package ddpm.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.Noise;
import ddpm.nn.Params;
import ddpm.nn.UNetMini;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.collective.Group;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GradientSumTest {
    /** Two ranks that have equal gradients: their sum is the double, exactly. */
    private static final class Twins implements Group {
        private final List<Long> sizes = new CopyOnWriteArrayList<>();
        private final CountDownLatch first = new CountDownLatch(1);

        @Override
        public int size() {
            return 2;
        }

        @Override
        public void allReduce(Tensor tensor) {
            tensor.copyFrom(tensor.add(tensor));
            sizes.add(tensor.shape().numel());
            first.countDown();
        }
    }

    /** One of two replicas of the notebook's network, with a backward pass that differs between them. */
    private record Replica(UNetMini network, Params params, int number) {
        static Replica of(Params weights, int number, Predicate<String> trained) {
            var params = new Params();
            var network = new UNetMini(params.root(), UNetMini.Config.ofChannels(1));
            if (weights == null) {
                params.allocate(Device.CPU, DType.FLOAT32);
                Trainer.initialise(params, Noise.seed(1));
            } else {
                params.sharing(weights);
            }
            return new Replica(network, params.trainable(trained), number);
        }

        void pass() {
            try (var _ = TensorScope.open();
                    var _ = GradMode.on()) {
                var x = Tensor.full(Shape.of(1, 1, 8, 8), 0.5 + number, DType.FLOAT32, Device.CPU);
                var t = Tensor.of(new long[] {7 + number}, Shape.of(1));
                var y = network.forward(x, t);
                Ops.mean(y.mul(y)).backward();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void bucketsAreSummedWhileTheBackwardPassStillRuns(boolean frozen) throws Exception {
        Predicate<String> trained = name -> !frozen || name.contains("conv1");
        var first = Replica.of(null, 0, trained);
        var second = Replica.of(first.params(), 1, trained);
        var group = new Twins();
        try (var _ = TensorScope.open();
                var _ = first.params();
                var _ = second.params();
                var sum = new GradientSum(group, List.of(first.params(), second.params()))) {
            first.pass();
            second.pass();
            var one = first.params().flatGradient().toFloats();
            var other = second.params().flatGradient().toFloats();
            var expected = new float[one.length];
            for (int i = 0; i < one.length; i++) {
                expected[i] = 2 * (one[i] + other[i]);
            }
            assertThrows(
                    IllegalStateException.class,
                    () -> sum.of(() -> {
                        throw new IllegalStateException("a pass that fails");
                    }));
            for (int round = 0; round < 2; round++) {
                first.params().zeroGradient();
                second.params().zeroGradient();
                sum.of(() -> {
                    for (var replica : List.of(first, second)) {
                        sum.beforeLastPass(replica.number());
                        replica.pass();
                    }
                    awaitFirst(group); // nobody has said yet that the passes are over
                    sum.afterLastPass(0);
                    sum.afterLastPass(1);
                    return null;
                });
                assertArrayEquals(expected, first.params().flatGradient().toFloats());
            }
            assertTrue(group.sizes.size() >= (frozen ? 2 : 6), group.sizes.toString());
            assertEquals(0, group.sizes.size() % 2, "as many buckets in each round");
        }
    }

    @Test
    void aloneTheReplicasGradientsAreAddedInEveryPiece() {
        var first = Replica.of(null, 0, _ -> true);
        var second = Replica.of(first.params(), 1, _ -> true);
        try (var _ = TensorScope.open();
                var _ = first.params();
                var _ = second.params();
                var sum = new GradientSum(Group.ALONE, List.of(first.params(), second.params()))) {
            first.pass();
            second.pass();
            var expected = first.params().flatGradient().toFloats();
            var other = second.params().flatGradient().toFloats();
            for (int i = 0; i < expected.length; i++) {
                expected[i] += other[i];
            }
            sum.of(() -> null);
            assertArrayEquals(expected, first.params().flatGradient().toFloats());
        }
    }

    private static void awaitFirst(Twins group) {
        try {
            assertTrue(group.first.await(30, TimeUnit.SECONDS), "no bucket is summed before the passes end");
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
