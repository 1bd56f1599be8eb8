package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OpWatchTest {
    @Test
    void everyOperatorOfTheThreadIsSeenInOrder() throws InterruptedException {
        var seen = new ArrayList<String>();
        try (var _ = TensorScope.open()) {
            var x = Tensor.full(Shape.of(2), 3, DType.FLOAT32, Device.CPU);
            try (var _ = OpWatch.start(seen::add)) {
                Ops.silu(x.add(x)).fill(1);
                x.zero();
                var other = Thread.ofPlatform().start(() -> {
                    try (var _ = TensorScope.open()) {
                        Ops.relu(Tensor.scalar(1));
                    }
                });
                other.join();
            }
            Ops.relu(x);
        }
        assertEquals(List.of("aten::subtract", "aten::silu", "aten::fill_", "aten::zero_"), seen);
    }

    @Test
    void whatItThrowsStopsTheWorkAndLeaksNothing() {
        long before = TensorScope.liveTensors();
        try (var _ = TensorScope.open()) {
            var x = Tensor.scalar(2);
            try (var _ = OpWatch.start(operator -> {
                throw new TorchException(operator + " is not allowed");
            })) {
                var e = assertThrows(TorchException.class, () -> Ops.exp(x));
                assertEquals("aten::exp is not allowed", e.getMessage());
            }
            assertEquals(Math.exp(2), Ops.exp(x).item(), 1e-6); // float32's rounding of 7.389
        }
        assertEquals(before, TensorScope.liveTensors());
    }
}
