package ddpm.model.onnx;

import ddpm.io.ProtoMessage;
import ddpm.io.StoredTensor;
import ddpm.torch.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;

/**
 * A graph of ONNX operators under construction: calls add nodes, and tensors are the names of their values. Source: onnx.proto
 * of ONNX 1.9, whose messages and field numbers stand beside each constant.
 */
final class OnnxGraph {
    /** The version of the file format that {@link OnnxFile#OPERATOR_SET} came with. */
    private static final int IR_VERSION = 7;

    /** ModelProto. */
    private static final int MODEL_IR_VERSION = 1;

    private static final int MODEL_PRODUCER_NAME = 2;
    private static final int MODEL_PRODUCER_VERSION = 3;
    private static final int MODEL_GRAPH = 7;
    private static final int MODEL_OPSET_IMPORT = 8;
    private static final int MODEL_METADATA = 14;

    /** OperatorSetIdProto, and StringStringEntryProto. */
    private static final int OPSET_VERSION = 2;

    private static final int ENTRY_KEY = 1;
    private static final int ENTRY_VALUE = 2;

    /** GraphProto. */
    private static final int GRAPH_NODE = 1;

    private static final int GRAPH_NAME = 2;
    private static final int GRAPH_INITIALIZER = 5;
    private static final int GRAPH_INPUT = 11;
    private static final int GRAPH_OUTPUT = 12;

    /** ValueInfoProto, TypeProto, TypeProto.Tensor, TensorShapeProto and its Dimension. */
    private static final int VALUE_NAME = 1;

    private static final int VALUE_TYPE = 2;
    private static final int VALUE_DOC = 3;
    private static final int TYPE_TENSOR = 1;
    private static final int TENSOR_TYPE_ELEMENT = 1;
    private static final int TENSOR_TYPE_SHAPE = 2;
    private static final int SHAPE_DIMENSION = 1;
    private static final int DIMENSION_SIZE = 1;
    private static final int DIMENSION_NAME = 2;

    /** NodeProto. */
    private static final int NODE_INPUT = 1;

    private static final int NODE_OUTPUT = 2;
    private static final int NODE_NAME = 3;
    private static final int NODE_OPERATOR = 4;
    private static final int NODE_ATTRIBUTE = 5;

    /** AttributeProto, and its AttributeType. */
    private static final int ATTRIBUTE_NAME = 1;

    private static final int ATTRIBUTE_FLOAT = 2;
    private static final int ATTRIBUTE_INT = 3;
    private static final int ATTRIBUTE_STRING = 4;
    private static final int ATTRIBUTE_INTS = 8;
    private static final int ATTRIBUTE_TYPE = 20;
    private static final int TYPE_FLOAT = 1;
    private static final int TYPE_INT = 2;
    private static final int TYPE_STRING = 3;
    private static final int TYPE_INTS = 7;

    /** TensorProto. */
    private static final int TENSOR_SIZE = 1;

    private static final int TENSOR_ELEMENT = 2;
    private static final int TENSOR_NAME = 8;
    private static final int TENSOR_BYTES = 9;

    private final ProtoMessage graph = new ProtoMessage();
    private int named;

    OnnxGraph(String name) {
        graph.text(GRAPH_NAME, name);
    }

    /**
     * Declares an input.
     *
     * @param meaning for people
     * @param sizes numbers, or names of sizes that are known when the graph is run
     */
    String input(String name, DType type, String meaning, Object... sizes) {
        graph.message(GRAPH_INPUT, value(name, type, meaning, sizes));
        return name;
    }

    /** Declares a float32 output of a node's value, see {@link #input}. */
    void output(String name, String value, String meaning, Object... sizes) {
        node("Identity", List.of(), List.of(value), name);
        graph.message(GRAPH_OUTPUT, value(name, DType.FLOAT32, meaning, sizes));
    }

    private static ProtoMessage value(String name, DType type, String meaning, Object... sizes) {
        var shape = new ProtoMessage();
        for (var size : sizes) {
            shape.message(
                    SHAPE_DIMENSION,
                    size instanceof Integer number
                            ? new ProtoMessage().varint(DIMENSION_SIZE, number)
                            : new ProtoMessage().text(DIMENSION_NAME, (String) size));
        }
        var tensor =
                new ProtoMessage().varint(TENSOR_TYPE_ELEMENT, element(type)).message(TENSOR_TYPE_SHAPE, shape);
        return new ProtoMessage()
                .text(VALUE_NAME, name)
                .message(VALUE_TYPE, new ProtoMessage().message(TYPE_TENSOR, tensor))
                .text(VALUE_DOC, meaning);
    }

    /** The value of an operator. An input of no name is one that the operator can do without. */
    String node(String operator, List<ProtoMessage> attributes, String... inputs) {
        return node(operator, attributes, List.of(inputs), unused(operator));
    }

    /** The value of an operator without attributes. */
    String node(String operator, String... inputs) {
        return node(operator, List.of(), inputs);
    }

    private String node(String operator, List<ProtoMessage> attributes, List<String> inputs, String output) {
        var node = new ProtoMessage();
        inputs.forEach(input -> node.text(NODE_INPUT, input));
        node.text(NODE_OUTPUT, output).text(NODE_NAME, output).text(NODE_OPERATOR, operator);
        attributes.forEach(attribute -> node.message(NODE_ATTRIBUTE, attribute));
        graph.message(GRAPH_NODE, node);
        return output;
    }

    /** A name that nothing has: those of parameters end in {@code weight} or {@code bias}. */
    private String unused(String what) {
        return what + "_" + named++;
    }

    static ProtoMessage real(String name, double value) {
        return attribute(name, TYPE_FLOAT).float32(ATTRIBUTE_FLOAT, (float) value);
    }

    static ProtoMessage integer(String name, long value) {
        return attribute(name, TYPE_INT).varint(ATTRIBUTE_INT, value);
    }

    static ProtoMessage integers(String name, long... values) {
        var attribute = attribute(name, TYPE_INTS);
        for (long value : values) {
            attribute.varint(ATTRIBUTE_INTS, value);
        }
        return attribute;
    }

    static ProtoMessage text(String name, String value) {
        return attribute(name, TYPE_STRING).text(ATTRIBUTE_STRING, value);
    }

    private static ProtoMessage attribute(String name, int type) {
        return new ProtoMessage().text(ATTRIBUTE_NAME, name).varint(ATTRIBUTE_TYPE, type);
    }

    /** Stores a constant of int64. */
    String constant(long... values) {
        var bytes = ByteBuffer.allocate(Long.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(values);
        return store(unused("constant"), DType.INT64, bytes, values.length);
    }

    /** Stores a constant of float32 and this shape. */
    String constant(float[] values, long... shape) {
        var bytes = ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return store(unused("constant"), DType.FLOAT32, bytes, shape);
    }

    /** Stores a tensor in its own type. Its bytes are not copied. */
    String store(String name, StoredTensor tensor) {
        return store(name, tensor.dtype(), tensor.data(), tensor.shape().toArray());
    }

    private String store(String name, DType type, ByteBuffer bytes, long... shape) {
        var tensor = new ProtoMessage();
        for (long size : shape) {
            tensor.varint(TENSOR_SIZE, size);
        }
        tensor.varint(TENSOR_ELEMENT, element(type)).text(TENSOR_NAME, name).bytes(TENSOR_BYTES, bytes);
        graph.message(GRAPH_INITIALIZER, tensor);
        return name;
    }

    /** TensorProto.DataType. */
    static int element(DType type) {
        return switch (type) {
            case FLOAT32 -> 1;
            case UINT8 -> 2;
            case INT8 -> 3;
            case INT16 -> 5;
            case INT32 -> 6;
            case INT64 -> 7;
            case BOOL -> 9;
            case FLOAT16 -> 10;
            case FLOAT64 -> 11;
            case BFLOAT16 -> 16;
        };
    }

    /** The file's content: this graph with its producer and free text by name. */
    ProtoMessage model(String producer, String version, Map<String, String> metadata) {
        var model = new ProtoMessage()
                .varint(MODEL_IR_VERSION, IR_VERSION)
                .text(MODEL_PRODUCER_NAME, producer)
                .text(MODEL_PRODUCER_VERSION, version)
                .message(MODEL_GRAPH, graph)
                .message(MODEL_OPSET_IMPORT, new ProtoMessage().varint(OPSET_VERSION, OnnxFile.OPERATOR_SET));
        metadata.forEach((key, value) -> model.message(
                MODEL_METADATA, new ProtoMessage().text(ENTRY_KEY, key).text(ENTRY_VALUE, value)));
        return model;
    }
}
