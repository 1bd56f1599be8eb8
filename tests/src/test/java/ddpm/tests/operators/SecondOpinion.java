package ddpm.tests.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import ddpm.torch.DType;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.cpp.CppTensors;
import org.bytedeco.javacpp.PointerScope;

/** Runs an {@link Operator} on both sides and compares results and gradients bit by bit. */
final class SecondOpinion {
    private SecondOpinion() {}

    /** Both sides end in the same kernel of the same libtorch with the same threads, so nothing may differ at all. */
    static void compare(Operator operator) {
        CppTensors.ready();
        try (var _ = TensorScope.open();
                var _ = new PointerScope()) {
            int n = operator.inputs().size();
            var ours = new Tensor[n];
            var mirror = new Tensor[n]; // the memory that JavaCPP works on
            var theirs = new org.bytedeco.pytorch.Tensor[n];
            for (int i = 0; i < n; i++) {
                ours[i] = operator.inputs().get(i).make(17 + i);
                mirror[i] = operator.inputs().get(i).make(17 + i);
                theirs[i] = CppTensors.toCpp(mirror[i]);
            }
            var result = operator.ours().apply(ours);
            var expected = CppTensors.fromCpp(operator.theirs().apply(theirs));
            same(expected, result, operator + ": result");
            if (operator.inputs().stream().noneMatch(Input::gradient)) {
                return;
            }
            backward(result);
            backward(expected);
            for (int i = 0; i < n; i++) {
                if (operator.inputs().get(i).gradient()) {
                    var gradient = ours[i].grad();
                    assertNotNull(gradient, operator + ": gradient of input " + i);
                    same(mirror[i].grad(), gradient, operator + ": gradient of input " + i);
                }
            }
        }
    }

    /** From a weighted sum, so that gradients are not all alike. */
    private static void backward(Tensor result) {
        var weights = Input.normal(result.shape().toArray()).constant().make(5).to(result.dtype());
        Ops.sum(result.mul(weights)).backward();
    }

    static void same(Tensor expected, Tensor actual, String what) {
        assertEquals(expected.dtype(), actual.dtype(), what);
        assertEquals(expected.shape(), actual.shape(), what);
        assertArrayEquals(expected.strides(), actual.strides(), what);
        if (!expected.toBytes().equals(actual.toBytes())) {
            assertArrayEquals(
                    expected.to(DType.FLOAT64).toDoubles(),
                    actual.to(DType.FLOAT64).toDoubles(),
                    what);
        }
        // Equal as numbers but not as bits is one zero for the other, or another NaN.
        assertEquals(expected.toBytes(), actual.toBytes(), what + ", bits");
    }
}
