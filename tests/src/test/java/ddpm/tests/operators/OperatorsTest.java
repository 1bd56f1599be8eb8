package ddpm.tests.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Pointwise;
import ddpm.torch.Reductions;
import ddpm.torch.Shape;
import ddpm.torch.Shaping;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.cpp.CppTensors;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.TensorVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class OperatorsTest {
    /** Methods of Tensor that compute nothing: what it is, its elements, its end. Their tests are in ddpm-native. */
    private static final Set<String> NOT_OPERATORS = Set.of(
            "Tensor.shape()",
            "Tensor.strides()",
            "Tensor.dtype()",
            "Tensor.device()",
            "Tensor.isContiguous()",
            "Tensor.isOpen()",
            "Tensor.requiresGrad()",
            "Tensor.close()",
            "Tensor.describe()",
            "Tensor.toString()",
            "Tensor.toFloats()",
            "Tensor.toDoubles()",
            "Tensor.toLongs()",
            "Tensor.toBytes()",
            "Tensor.set(long,float[],int,int)",
            "Tensor.set(long,long[])",
            "Tensor.set(ByteBuffer)");

    /** Compared by the tests below rather than through the catalogue. */
    private static final Set<String> HERE = Set.of(
            "Ops.adamStep(Tensor,Tensor,Tensor,Tensor,long,double,double,double,double,double,Decay)",
            "Tensor.empty(Shape,DType,Device)",
            "Tensor.empty(Shape,DType,Device,MemoryFormat)",
            "Tensor.of(float[],Shape)",
            "Tensor.of(double[],Shape)",
            "Tensor.of(long[],Shape)",
            "Tensor.of(ByteBuffer,DType,Shape)",
            "Tensor.item()",
            "Tensor.requiresGrad(boolean)",
            "Tensor.backward()",
            "Tensor.grad()",
            "Tensor.gradInto(Tensor)");

    static Stream<Operator> catalogue() {
        return Catalogue.all();
    }

    @ParameterizedTest
    @MethodSource("catalogue")
    void resultAndGradientsAreThoseOfTheGeneratedBinding(Operator operator) {
        SecondOpinion.compare(operator);
    }

    @Test
    void noOperatorIsWithoutASecondOpinion() {
        var wanted = new TreeSet<String>();
        for (var owner : new Class<?>[] {Ops.class, Pointwise.class, Reductions.class, Shaping.class, Tensor.class}) {
            for (var method : owner.getDeclaredMethods()) {
                if (Modifier.isPublic(method.getModifiers()) && !method.isSynthetic()) {
                    wanted.add(signature(method));
                }
            }
        }
        var tested = Catalogue.all().map(Operator::covers).collect(Collectors.toCollection(TreeSet::new));
        tested.addAll(HERE);
        tested.addAll(NOT_OPERATORS);
        assertEquals(String.join("\n", wanted), String.join("\n", tested));
    }

    private static String signature(Method method) {
        return method.getDeclaringClass().getSimpleName() + "." + method.getName()
                + Arrays.stream(method.getParameterTypes())
                        .map(Class::getSimpleName)
                        .collect(Collectors.joining(",", "(", ")"));
    }

    /** The C++ frontend's Adam is not fused: another order of the same operations, hence the tolerance. */
    @ParameterizedTest
    @EnumSource(Ops.Decay.class)
    void adamIsThatOfTheCppFrontend(Ops.Decay decay) {
        CppTensors.ready();
        try (var _ = TensorScope.open();
                var _ = new PointerScope()) {
            var weights = Input.normal(257).constant().make(1);
            var first = Tensor.zeros(weights.shape(), DType.FLOAT32, Device.CPU);
            var second = Tensor.zeros(weights.shape(), DType.FLOAT32, Device.CPU);
            var mirror = Input.normal(257).make(1);
            mirror.gradInto(Tensor.zeros(weights.shape(), DType.FLOAT32, Device.CPU));
            var parameters = new TensorVector(CppTensors.toCpp(mirror));
            Runnable theirs;
            if (decay == Ops.Decay.DECOUPLED) {
                var options = new AdamWOptions(3e-3);
                options.eps().put(1e-7);
                options.weight_decay().put(0.02);
                var optimizer = new org.bytedeco.pytorch.AdamW(parameters, options);
                theirs = optimizer::step;
            } else {
                var options = new AdamOptions(3e-3);
                options.eps().put(1e-7);
                options.weight_decay().put(0.02);
                var optimizer = new org.bytedeco.pytorch.Adam(parameters, options);
                theirs = optimizer::step;
            }
            for (int step = 1; step <= 4; step++) {
                var gradient = Input.normal(257).constant().make(100 + step);
                mirror.grad().copyFrom(gradient);
                theirs.run();
                Ops.adamStep(weights, gradient, first, second, step, 3e-3, 0.9, 0.999, 0.02, 1e-7, decay);
                assertArrayEquals(mirror.toFloats(), weights.toFloats(), 1e-6f, "after step " + step);
            }
        }
    }

    @Test
    void elementsLieInMemoryAsTheOtherSideReadsThem() {
        CppTensors.ready();
        try (var _ = TensorScope.open();
                var _ = new PointerScope()) {
            var shape = Shape.of(2, 2);
            assertEquals(2.5, read(Tensor.of(new float[] {1, 2, 2.5f, 3}, shape)));
            assertEquals(0.1, read(Tensor.of(new double[] {1, 2, 0.1, 3}, shape)));
            assertEquals(1L << 40, read(Tensor.of(new long[] {1, 2, 1L << 40, 3}, shape)));
            assertEquals(200, read(Tensor.of(ByteBuffer.wrap(new byte[] {1, 2, (byte) 200, 3}), DType.UINT8, shape)));
            assertEquals(7, read(Tensor.empty(shape, DType.INT16, Device.CPU).fill(7)));
            assertEquals(0.5, Tensor.scalar(0.5f).item());
        }
    }

    private static double read(Tensor tensor) {
        var theirs = CppTensors.toCpp(tensor);
        double item = theirs.select(0, 1).select(0, 0).item_double();
        assertEquals(tensor.toDoubles()[2], item);
        return item;
    }
}
