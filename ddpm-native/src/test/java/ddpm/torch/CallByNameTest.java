package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Operators called by name, with arguments that are those of their schemas and not. */
class CallByNameTest {
    private TensorScope scope;
    private Tensor x;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
        x = Tensor.of(new float[] {-1, 0, 1, 2}, Shape.of(2, 2));
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static IllegalArgumentException refused(String operator, Object... arguments) {
        long before = TensorScope.liveTensors();
        var refusal = assertThrows(IllegalArgumentException.class, () -> Ops.call(operator, arguments));
        assertEquals(before, TensorScope.liveTensors());
        return refusal;
    }

    @Test
    void whatIsLeftOutHasItsDefault() {
        assertArrayEquals(new float[] {0, 0, 1, 2}, Ops.call("aten::relu", x).toFloats());
        assertArrayEquals(
                Pointwise.gelu(x).toFloats(), Ops.call("aten::gelu", x).toFloats());
        assertArrayEquals(new float[] {2}, Ops.call("aten::sum", x).toFloats());
        assertArrayEquals(
                Ops.conv2d(ones(1, 1, 3, 3), ones(1, 1, 2, 2), null, 1, 0).toFloats(),
                Ops.call("aten::conv2d", ones(1, 1, 3, 3), ones(1, 1, 2, 2)).toFloats());
    }

    private static Tensor ones(long... shape) {
        return Tensor.full(Shape.of(shape), 1, DType.FLOAT32, Device.CPU);
    }

    @Test
    void everyKindOfArgumentArrives() {
        assertEquals(
                "float64 [2, 3] cpu",
                Ops.call("aten::zeros", new long[] {2, 3}, DType.FLOAT64, null, Device.CPU)
                        .describe());
        assertArrayEquals(
                new float[] {-1, 3},
                Ops.call("aten::sum.dim_IntList", x, 1, false, DType.FLOAT32).toFloats());
        assertArrayEquals(
                new float[] {2, 1, 0, -1},
                Ops.call("aten::flip", x, new int[] {0, 1}).toFloats());
        assertEquals(
                Shape.of(1, 1, 4, 4),
                Ops.call("aten::upsample_bilinear2d.vec", x.view(1, 1, 2, 2), null, false, new double[] {2, 2})
                        .shape());
        assertEquals(Shape.of(4, 2), Ops.call("aten::cat", List.of(x, x), 0).shape());
        assertEquals(
                Shape.of(4, 2),
                Ops.call("aten::cat", (Object) new Tensor[] {x, x}).shape());
        assertEquals(
                Shape.of(2, 2),
                Ops.call("aten::einsum", "ij,jk->ik", List.of(x, x)).shape());
        assertArrayEquals(
                Ops.layerNorm(x, Shape.of(2), null, null, 1).toFloats(),
                Ops.call("aten::layer_norm", x, new long[] {2}, null, null, 1.0).toFloats());
        assertEquals(2, Ops.callAll("aten::linalg_qr", x, "reduced").size());
        assertEquals(2, Ops.callAll("aten::unbind.int", x).size());
    }

    @Test
    void resultsAreDifferentiated() {
        x.requiresGrad(true);
        Ops.sum(Ops.call("aten::square", x)).backward();
        assertArrayEquals(new float[] {-2, 0, 2, 4}, x.grad().toFloats());
    }

    @Test
    void anOperatorThatCannotBeCalledSaysWhy() {
        assertMessage(refused("aten::gelo", x), "no operator 'aten::gelo'");
        assertMessage(refused("aten::relu_", x), "no operator 'aten::relu_'");
        assertMessage(refused("aten::softmax", x), "aten::softmax.int");
        assertMessage(refused("aten::softplus", x), "argument 'beta' is a Scalar, which libtorch's C ABI cannot pass");
        assertMessage(refused("aten::max.dim", x, 0), "use Ops.callAll");
        assertMessage(refused("aten::flip", x), "argument 'dims' is missing, of type int[]");
        assertMessage(
                assertThrows(IllegalArgumentException.class, () -> Ops.callAll("aten::size.int", x, 0)),
                "it returns int");
    }

    private static void assertMessage(Throwable refusal, String part) {
        assertTrue(refusal.getMessage().contains(part), refusal.getMessage());
    }

    @Test
    void aWrongKindNamesArgumentAndSchema() {
        var schema = "aten::gelu(Tensor self, *, str approximate=\"none\") -> Tensor";
        for (var refusal : List.of(
                refused("aten::gelu", x, 3),
                refused("aten::gelu", x, null),
                refused("aten::gelu", "x"),
                refused("aten::gelu", (Object) null),
                refused("aten::gelu", x, "none", 1),
                refused("aten::gelu"))) {
            assertMessage(refusal, schema);
        }
        assertMessage(refused("aten::gelu", x, 3), "argument 'approximate' is a str (a String), not Integer 3");
        assertMessage(refused("aten::gelu", "x"), "argument 'self' is a Tensor (a Tensor that is open), not String x");
        assertMessage(refused("aten::gelu", x, "none", 1), "3 arguments for 2");
        assertMessage(refused("aten::cumsum", x, 1.5), "argument 'dim' is a int (an integer), not Double 1.5");
        assertMessage(refused("aten::cat", List.of(x, "y")), "argument 'tensors' is a Tensor[]");
        assertMessage(refused("aten::index.Tensor", x, List.of(x)), "cannot be passed here");
        assertMessage(refused("aten::add.Tensor", x, x), "argument 'alpha' is a Scalar");
        assertMessage(refused("aten::gelu", x, "a\0b"), "argument 'approximate'");
    }

    @Test
    void aClosedTensorIsRefused() {
        x.close();
        assertMessage(refused("aten::gelu", x), "not a closed tensor");
    }

    @Test
    void whatLibtorchRefusesIsItsError() {
        assertThrows(TorchException.class, () -> Ops.call("aten::gelu", x, "guess"));
        assertThrows(TorchException.class, () -> Ops.call("aten::flip", x, new long[] {7}));
    }

    @Test
    void resultsOutsidePlainMemoryAreRefused() {
        long before = TensorScope.liveTensors();
        assertThrows(TorchException.class, () -> Ops.call("aten::to_sparse", x));
        assertEquals(before, TensorScope.liveTensors());
    }

    @Test
    void everySchemaIsRead() throws Exception {
        try (var in = new BufferedReader(
                new InputStreamReader(Schema.class.getResourceAsStream("schemas.txt"), StandardCharsets.UTF_8))) {
            in.readLine();
            var lines = in.lines().toList();
            assertTrue(lines.size() > 1000);
            for (var line : lines) {
                var schema = Schema.parse(line);
                assertFalse(schema.text().isEmpty());
                for (var argument : schema.arguments()) {
                    assertTrue(argument.name().matches("\\w+"), line);
                    assertTrue(argument.type().matches("[\\w.]+\\??(\\[\\d*])?\\??"), () -> argument + " of " + line);
                    if (argument.initial() != null && !argument.type().matches("Scalar\\??")) {
                        assertEquals(null, argument.refusal(argument.fallback()), line);
                    }
                }
            }
        }
    }
}
