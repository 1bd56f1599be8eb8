package ddpm.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TimestepTableTest {
    private static Tensor steps(long... t) {
        return Tensor.of(t, Shape.of(t.length));
    }

    @Test
    void ofFixedParametersOneKnownTimestepIsLookedUp() {
        var calls = new AtomicInteger();
        try (var params = new Params();
                var _ = TensorScope.open()) {
            params.root().param("weight", Shape.of(1), Init.ZEROS);
            var times = new TimestepTable(params.root(), t -> {
                calls.incrementAndGet();
                return t.to(DType.FLOAT32).view(-1, 1);
            });
            params.allocate(Device.CPU, DType.FLOAT32);
            assertEquals(
                    TimestepTable.At.computed(null).row(), times.at(steps(3)).row(), "they may still change");
            times.tabulate(10);
            assertEquals(
                    TimestepTable.At.computed(null).row(), times.at(steps(3)).row(), "they may still change");
            params.fixed();
            var first = times.at(steps(0));
            calls.set(0);
            for (int t = 0; t < 10; t++) {
                var at = times.at(steps(t));
                assertSame(first.embedding(), at.embedding());
                assertEquals(t, at.embedding().toFloats()[at.row()]);
            }
            assertEquals(0, calls.get(), "all were embedded at once");
            for (var others : new long[][] {{10}, {-1}, {3, 3}}) {
                assertEquals(
                        Shape.of(others.length, 1),
                        times.at(steps(others)).embedding().shape());
            }
            var half = Tensor.of(new float[] {0.5f}, Shape.of(1));
            assertEquals(0.5f, times.at(half).embedding().toFloats()[0]);
            assertEquals(4, calls.get(), "these are computed when they come");
        }
    }
}
