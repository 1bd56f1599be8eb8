package ddpm.tests.networks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.nn.Dropout;
import ddpm.nn.Layer;
import ddpm.nn.Layers;
import ddpm.nn.NetworkConfig;
import ddpm.nn.Params;
import ddpm.nn.Patched;
import ddpm.nn.TimeEmbedding.Order;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.LibTorch;
import ddpm.torch.MemoryFormat;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.cpp.CppTensors;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Forward and backward of layers and networks against plain ones on JavaCPP's classes.
 *
 * <p>Not bitwise: one side computes in channels-last memory and the other in row-major memory, where libtorch adds the
 * same numbers in another order. The tolerance is relative to the largest number compared.
 */
class NetworksTest {
    private static final double TOLERANCE = 2e-5;

    record Case(
            String name,
            Layer layer,
            Shape input,
            BiFunction<CppLayers, org.bytedeco.pytorch.Tensor, org.bytedeco.pytorch.Tensor> theirs) {
        @Override
        public String toString() {
            return name + " on " + input;
        }
    }

    /** Small tensors: on a busy machine two threads wait for each other longer than one needs. */
    @BeforeAll
    static void oneThread() {
        LibTorch.load().setThreads(1);
    }

    static Stream<Case> layers() {
        CppTensors.ready();
        var images = Shape.of(2, 8, 6, 4);
        return Stream.of(
                new Case("conv2d", Layers.conv2d(8, 5, Layers.kernel(3)), images, (w, x) -> w.conv3("0", x)),
                new Case(
                        "conv2d 1x1", Layers.conv2d(8, 5, Layers.kernel(1)), images, (w, x) -> w.conv("0", x, 1, 0, 0)),
                new Case("linear", Layers.linear(7, 3), Shape.of(4, 7), (w, x) -> w.linear("0", x)),
                new Case(
                        "conv2d in groups",
                        Layers.conv2d(8, 4, Layers.kernel(3).withGroups(4)),
                        images,
                        (w, x) -> w.grouped("0", x, 1, 4)),
                new Case(
                        "conv2d in groups without bias",
                        Layers.conv2d(8, 8, Layers.kernel(3).withGroups(8).withoutBias()),
                        images,
                        (w, x) -> w.grouped("0", x, 1, 8)),
                new Case(
                        "conv2d without bias",
                        Layers.conv2d(8, 5, Layers.kernel(3).withoutBias()),
                        images,
                        (w, x) -> w.grouped("0", x, 1, 1)),
                new Case(
                        "linear without bias",
                        Layers.linearWithoutBias(7, 3),
                        Shape.of(4, 7),
                        (w, x) -> x.matmul(w.weights().get("0.weight").t())),
                new Case("layerNorm", Layers.layerNorm(7), Shape.of(4, 5, 7), (w, x) -> w.layerNorm("0", x, 7)),
                new Case("gelu", Layers.gelu(), Shape.of(4, 7), (_, x) -> torch.gelu(x)),
                new Case("geluTanh", Layers.geluTanh(), Shape.of(4, 7), (_, x) -> torch.gelu(x, "tanh")),
                new Case(
                        "dropout without masks",
                        Layers.sequential(Layers.dropout(new Dropout(0.5)), Layers.silu()),
                        Shape.of(4, 7),
                        (_, x) -> torch.silu(x)),
                new Case(
                        "multiHeadAttention",
                        Layers.multiHeadAttention(8, 2),
                        Shape.of(3, 5, 8),
                        (w, x) -> w.multiHeadAttention("0", x, 8, 2)),
                new Case("groupNorm", Layers.groupNorm(4, 8), images, (w, x) -> w.norm("0", x, 4, 1e-5)),
                new Case("silu", Layers.silu(), images, (_, x) -> torch.silu(x)),
                new Case("relu", Layers.relu(), images, (_, x) -> torch.relu(x)),
                new Case("avgPool2d", Layers.avgPool2d(2), images, (w, x) -> w.halved(x)),
                new Case("maxPool2d", Layers.maxPool2d(2), images, (_, x) -> {
                    long[] two = {2, 2};
                    return torch.max_pool2d(x, two, two, new long[] {0, 0}, new long[] {1, 1}, false);
                }),
                new Case("upsampleNearest2d", Layers.upsampleNearest2d(2), images, (w, x) -> w.doubled(x)),
                new Case("flatten", Layers.flatten(), images, (_, x) -> x.reshape(2, 8 * 6 * 4)),
                new Case(
                        "sequential",
                        Layers.sequential(Layers.groupNorm(2, 8), Layers.silu(), Layers.conv2d(8, 4, Layers.kernel(3))),
                        images,
                        (w, x) -> w.conv3("0.2", torch.silu(w.norm("0.0", x, 2, 1e-5)))));
    }

    @ParameterizedTest
    @MethodSource("layers")
    void aLayerIsThatOfTheGeneratedBinding(Case layer) {
        try (var params = new Params();
                var _ = TensorScope.open();
                var _ = new PointerScope()) {
            var module = layer.layer().at(params.sub("0"));
            boolean hasParameters = !params.all().isEmpty();
            if (hasParameters) {
                Weights.randomise(params);
                params.trainable();
            }
            for (var format : MemoryFormat.values()) {
                if (format == MemoryFormat.PRESERVE
                        || (format == MemoryFormat.CHANNELS_LAST
                                && layer.input().rank() != 4)) {
                    continue;
                }
                if (hasParameters) {
                    params.flatGradient().zero();
                }
                var leaves = Weights.leaves(params);
                var ours = normal(layer.input(), format).requiresGrad(true);
                var mirror = normal(layer.input(), MemoryFormat.CONTIGUOUS).requiresGrad(true);
                var result = module.forward(ours);
                var expected = CppTensors.fromCpp(layer.theirs().apply(Weights.cpp(leaves), CppTensors.toCpp(mirror)));
                compare(expected, result, layer + " " + format);
                backward(result);
                backward(expected);
                compare(mirror.grad(), ours.grad(), layer + " " + format + ", gradient of the input");
                compareGradients(params, leaves, layer + " " + format);
            }
        }
    }

    static Stream<UNetConfig> unets() {
        return Stream.of(
                new UNetConfig(
                        3, 3, 16, List.of(16, 32), 2, List.of(false, true), 0, 8, 1e-6, 0, 1, Order.SINE_FIRST, false),
                new UNetConfig(
                        3,
                        3,
                        16,
                        List.of(16, 24, 40),
                        1,
                        List.of(false, true, false),
                        8,
                        8,
                        1e-6,
                        0,
                        1,
                        Order.SINE_FIRST,
                        false),
                new UNetConfig(
                        3, 3, 8, List.of(8, 16), 1, List.of(false, true), 0, 4, 1e-5, 0, 0, Order.INTERLEAVED, true),
                new UNetConfig(
                        1,
                        2,
                        8,
                        List.of(16, 8, 24),
                        1,
                        List.of(true, false, true),
                        4,
                        4,
                        1e-5,
                        0,
                        0,
                        Order.COSINE_FIRST,
                        true),
                UNetConfig.of(3, 32, List.of(1), 1, List.of(true), 32, 0.1),
                UNetConfig.of(1, 16, List.of(1, 2), 1, List.of(false, true), 8, 0)
                        .withLabels(4));
    }

    @ParameterizedTest
    @MethodSource("networks")
    void aNetworkIsThatWrittenPlainly(NetworkConfig config) {
        CppTensors.ready();
        try (var params = new Params();
                var _ = TensorScope.open();
                var _ = new PointerScope()) {
            var network = config.build(params.root());
            Weights.randomise(params);
            params.trainable();
            var leaves = Weights.leaves(params);
            var x = normal(Shape.of(3, config.inChannels(), 8, 12), MemoryFormat.CONTIGUOUS);
            var t = Tensor.of(new long[] {0, 12, 999}, Shape.of(3));
            var labels = config.labels() == 0 ? null : Tensor.of(new long[] {3, 1, 0}, Shape.of(3));
            var result = network.forward(x, t, labels);
            var expected = CppTensors.fromCpp(PlainNetwork.of(config, Weights.cpp(leaves))
                    .forward(
                            CppTensors.toCpp(x),
                            CppTensors.toCpp(t.to(DType.FLOAT32)),
                            labels == null ? null : CppTensors.toCpp(labels)));
            compare(expected, result, "epsilon");
            backward(result);
            backward(expected);
            compareGradients(params, leaves, config.toString());
        }
    }

    static Stream<UNetMini.Config> minis() {
        return Stream.of(UNetMini.Config.ofChannels(3), new UNetMini.Config(1, 8, List.of(2, 1, 3), 10));
    }

    static Stream<Patched> patched() {
        return Stream.of(
                Patched.mini(1).withLabels(4),
                new Patched(2, UNetConfig.of(12, 16, List.of(1, 2), 1, List.of(false, true), 8, 0)).withOutChannels(6),
                new Patched(4, UNetConfig.of(48, 16, List.of(1), 1, List.of(true), 8, 0)));
    }

    static Stream<NetworkConfig> networks() {
        return Stream.of(unets(), minis(), patched()).flatMap(each -> each);
    }

    private static void compareGradients(Params params, Map<String, Tensor> leaves, String what) {
        for (var param : params.all()) {
            compare(leaves.get(param.name()).grad(), param.tensor().grad(), what + ", gradient of " + param.name());
        }
    }

    /** From a weighted sum, so that gradients are not all alike. */
    private static void backward(Tensor result) {
        Ops.sum(result.mul(normal(result.shape(), MemoryFormat.CONTIGUOUS))).backward();
    }

    private static Tensor normal(Shape shape, MemoryFormat format) {
        var random = new Random(shape.hashCode());
        var values = new float[Math.toIntExact(shape.numel())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.empty(shape, DType.FLOAT32, Device.CPU, format).copyFrom(Tensor.of(values, shape));
    }

    private static void compare(Tensor expected, Tensor actual, String what) {
        assertEquals(expected.shape(), actual.shape(), what);
        var wanted = expected.toFloats();
        var found = actual.toFloats();
        double largest = 1;
        double difference = 0;
        for (int i = 0; i < wanted.length; i++) {
            largest = Math.max(largest, Math.abs(wanted[i]));
            difference = Math.max(difference, Math.abs((double) wanted[i] - found[i])); // NaN stays NaN
        }
        assertTrue(difference <= TOLERANCE * largest, what + " differs by " + difference + " at a size of " + largest);
    }
}
