package ddpm.torch.cpp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GradientHookTest {
    @Test
    void eachLeafCallsOncePerBackwardPassInTheOrderOfThePassAndNoMoreAfterwards() {
        try (var _ = TensorScope.open();
                var _ = GradMode.on()) {
            var called = new ArrayList<String>();
            var early = Tensor.full(Shape.of(2), 3, DType.FLOAT32, Device.CPU).requiresGrad(true);
            var late = Tensor.full(Shape.of(2), 5, DType.FLOAT32, Device.CPU).requiresGrad(true);
            var thread = Thread.currentThread();
            try (var _ = new GradientHook(early, () -> called.add("early"));
                    var _ = new GradientHook(late, () -> called.add(Thread.currentThread() == thread ? "late" : "?"))) {
                Ops.sum(Ops.exp(early.mul(early)).mul(late)).backward();
                assertEquals(List.of("late", "early"), called);
                Ops.sum(early.mul(late)).backward();
                assertEquals(4, called.size());
            }
            Ops.sum(early.mul(late)).backward();
            assertEquals(4, called.size());
            assertEquals(
                    (float) Math.exp(9) + 3 + 3, late.grad().toFloats()[0], 1e-3, "gradients are as without hooks");
        }
    }

    @Test
    void aLeafWithoutGradientIsRefused() {
        try (var _ = TensorScope.open()) {
            var leaf = Tensor.full(Shape.of(2), 3, DType.FLOAT32, Device.CPU);
            assertThrows(IllegalArgumentException.class, () -> new GradientHook(leaf, () -> {}));
        }
    }
}
