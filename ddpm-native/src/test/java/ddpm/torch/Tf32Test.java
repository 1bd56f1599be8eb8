package ddpm.torch;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.FunctionDescriptor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Tf32Test {
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void libtorchRemembersWhatWasSet(boolean allowed) throws Throwable {
        Tf32.allow(allowed);
        var context = Binding.optional("_ZN2at13globalContextEv", FunctionDescriptor.of(JAVA_LONG));
        var products =
                Binding.optional("_ZNK2at7Context15allowTF32CuBLASEv", FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG));
        assumeTrue(products != null, "this libtorch has no such getter");
        assertEquals(allowed, (boolean) products.invokeExact((long) context.invokeExact()));
    }

    @Test
    void cpusComputeTheSameEitherWay() {
        Tf32.allow(true);
        try (var _ = TensorScope.open()) {
            // 1 + 2^-20 is 1 in TF32.
            var x = Tensor.of(new float[] {1 + 0x1p-20f}, Shape.of(1, 1));
            assertEquals(
                    1 + 0x1p-20f,
                    Ops.matmul(x, Tensor.of(new float[] {1}, Shape.of(1, 1))).toFloats()[0]);
        } finally {
            Tf32.allow(false);
        }
    }
}
