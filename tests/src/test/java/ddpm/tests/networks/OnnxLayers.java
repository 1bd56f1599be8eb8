package ddpm.tests.networks;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import ddpm.nn.TimeEmbedding;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * ONNX operators, of the kinds that PyTorch's exporter writes: calls add nodes to a graph, and tensors are the names of
 * their values.
 */
public final class OnnxLayers implements PlainLayers<String> {
    private static final int OPERATOR_SET = 17;

    /** The version of the file format that has this set. */
    private static final int IR_VERSION = 8;

    private final Map<String, Tensor> weights;
    private final Set<String> stored = new HashSet<>();
    private final GraphProto.Builder graph = GraphProto.newBuilder().setName("ddpm");

    /** @param weights float32, by parameter */
    public OnnxLayers(Map<String, Tensor> weights) {
        this.weights = weights;
    }

    /** A float32 input of the graph. */
    public String input(String name, Shape shape) {
        return input(name, shape, TensorProto.DataType.FLOAT);
    }

    /** An int64 input of the graph. */
    public String labels(String name, Shape shape) {
        return input(name, shape, TensorProto.DataType.INT64);
    }

    private String input(String name, Shape shape, TensorProto.DataType type) {
        graph.addInput(value(name, type, shape));
        return name;
    }

    /** The model that computes this value, as the bytes of a file. */
    public byte[] model(String output, Shape shape) {
        return ModelProto.newBuilder()
                .setIrVersion(IR_VERSION)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPERATOR_SET))
                .setGraph(graph.clone().addOutput(value(output, TensorProto.DataType.FLOAT, shape)))
                .build()
                .toByteArray();
    }

    private static ValueInfoProto value(String name, TensorProto.DataType type, Shape shape) {
        var dimensions = TensorShapeProto.newBuilder();
        for (long size : shape.toArray()) {
            dimensions.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(size));
        }
        var tensor = TypeProto.Tensor.newBuilder().setElemType(type.getNumber()).setShape(dimensions);
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder().setTensorType(tensor))
                .build();
    }

    private String node(String operator, List<AttributeProto> attributes, String... inputs) {
        var output = "v" + graph.getNodeCount();
        graph.addNode(NodeProto.newBuilder()
                .setOpType(operator)
                .addAllInput(List.of(inputs))
                .addOutput(output)
                .addAllAttribute(attributes));
        return output;
    }

    private String node(String operator, String... inputs) {
        return node(operator, List.of(), inputs);
    }

    private static AttributeProto integers(String name, long... values) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INTS)
                .addAllInts(LongStream.of(values).boxed().toList())
                .build();
    }

    private static AttributeProto integer(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    private static AttributeProto real(String name, double value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.FLOAT)
                .setF((float) value)
                .build();
    }

    private static AttributeProto text(String name, String value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.STRING)
                .setS(ByteString.copyFromUtf8(value))
                .build();
    }

    private String weight(String name) {
        var tensor = required(name);
        return stored(name, tensor.toFloats(), tensor.shape().toArray());
    }

    private Tensor required(String name) {
        var tensor = weights.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no weight " + name);
        }
        return tensor;
    }

    private String stored(String name, float[] values, long... shape) {
        var bytes = ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return stored(name, TensorProto.DataType.FLOAT, bytes, shape);
    }

    private String stored(String name, long... values) {
        var bytes = ByteBuffer.allocate(Long.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(values);
        return stored(name, TensorProto.DataType.INT64, bytes, values.length);
    }

    private String stored(String name, TensorProto.DataType type, ByteBuffer bytes, long... shape) {
        if (stored.add(name)) {
            graph.addInitializer(TensorProto.newBuilder()
                    .setName(name)
                    .setDataType(type.getNumber())
                    .addAllDims(LongStream.of(shape).boxed().toList())
                    .setRawData(ByteString.copyFrom(bytes)));
        }
        return name;
    }

    /** A constant of this node's own. */
    private String own(String what) {
        return what + graph.getNodeCount();
    }

    /** Of sizes, 0 keeps one and -1 takes what is left. */
    private String reshape(String x, long... sizes) {
        return node("Reshape", x, stored(own("sizes"), sizes));
    }

    private String transpose(String x, long... order) {
        return node("Transpose", List.of(integers("perm", order)), x);
    }

    @Override
    public boolean has(String parameter) {
        return weights.containsKey(parameter);
    }

    @Override
    public String conv(String name, String x, int stride, int before, int after) {
        return node(
                "Conv",
                List.of(integers("strides", stride, stride), integers("pads", before, before, after, after)),
                x,
                weight(name + ".weight"),
                weight(name + ".bias"));
    }

    @Override
    public String linear(String name, String x) {
        return add(node("MatMul", x, transpose(weight(name + ".weight"), 1, 0)), weight(name + ".bias"));
    }

    /** This set of operators has no group norm: an instance norm of groups, then the scale and shift. */
    @Override
    public String norm(String name, String x, int groups, double eps) {
        var ones = new float[groups];
        Arrays.fill(ones, 1);
        var grouped = node(
                "InstanceNormalization",
                List.of(real("epsilon", eps)),
                reshape(x, 0, groups, -1),
                stored("ones" + groups, ones, groups),
                stored("zeros" + groups, new float[groups], groups));
        var normal = node("Reshape", grouped, node("Shape", x));
        return add(node("Mul", normal, perChannel(name + ".weight")), perChannel(name + ".bias"));
    }

    private String perChannel(String parameter) {
        var tensor = required(parameter);
        return stored(parameter, tensor.toFloats(), tensor.shape().numel(), 1, 1);
    }

    @Override
    public String embedding(String name, String labels) {
        return node("Gather", weight(name + ".weight"), labels);
    }

    @Override
    public String silu(String x) {
        return node("Mul", x, node("Sigmoid", x));
    }

    @Override
    public String add(String a, String b) {
        return node("Add", a, b);
    }

    @Override
    public String shifted(String x, String perChannel) {
        return add(x, reshape(perChannel, 0, 0, 1, 1));
    }

    @Override
    public String cat(String a, String b) {
        return concat(1, a, b);
    }

    private String concat(int axis, String a, String b) {
        return node("Concat", List.of(integer("axis", axis)), a, b);
    }

    @Override
    public String doubled(String x) {
        return node(
                "Resize",
                List.of(
                        text("mode", "nearest"),
                        text("coordinate_transformation_mode", "asymmetric"),
                        text("nearest_mode", "floor")),
                x,
                "", // no region of interest
                stored("twice", new float[] {1, 1, 2, 2}, 4));
    }

    @Override
    public String halved(String x) {
        return node("AveragePool", List.of(integers("kernel_shape", 2, 2), integers("strides", 2, 2)), x);
    }

    @Override
    public String rows(String x) {
        return transpose(reshape(x, 0, 0, -1), 0, 2, 1);
    }

    @Override
    public String image(String rows, String like) {
        return node("Reshape", transpose(rows, 0, 2, 1), node("Shape", like));
    }

    @Override
    public String attention(String q, String k, String v, long channels, long heads) {
        var scores = node(
                "MatMul",
                transpose(reshape(q, 0, 0, heads, -1), 0, 2, 1, 3),
                transpose(reshape(k, 0, 0, heads, -1), 0, 2, 3, 1));
        float scale = (float) (1 / Math.sqrt((double) channels / heads));
        var scaled = node("Mul", scores, stored(own("scale"), new float[] {scale}, 1));
        var mixed = node(
                "MatMul",
                node("Softmax", List.of(integer("axis", -1)), scaled),
                transpose(reshape(v, 0, 0, heads, -1), 0, 2, 1, 3));
        return reshape(transpose(mixed, 0, 2, 1, 3), 0, 0, -1);
    }

    @Override
    public String sinusoid(String t, int channels, int shift, TimeEmbedding.Order order) {
        int half = channels / 2;
        var angles = node(
                "Mul", reshape(t, -1, 1), stored(own("frequencies"), PlainLayers.frequencies(half, shift), 1, half));
        var sine = node("Sin", angles);
        var cosine = node("Cos", angles);
        return switch (order) {
            case SINE_FIRST -> concat(1, sine, cosine);
            case COSINE_FIRST -> concat(1, cosine, sine);
            case INTERLEAVED -> reshape(concat(2, reshape(sine, 0, half, 1), reshape(cosine, 0, half, 1)), 0, channels);
        };
    }
}
