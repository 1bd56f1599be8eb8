package ddpm.model.onnx;

import static ddpm.model.onnx.OnnxGraph.integer;
import static ddpm.model.onnx.OnnxGraph.integers;
import static ddpm.model.onnx.OnnxGraph.real;
import static ddpm.model.onnx.OnnxGraph.text;

import ddpm.io.StoredTensor;
import ddpm.nn.TimeEmbedding;
import ddpm.torch.DType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Layers by the names that their parameters have, as operators of the kinds that PyTorch's exporter writes. All is computed in
 * float32, whatever type the weights are stored in.
 */
final class OnnxLayers {
    private final OnnxGraph graph;
    private final Map<String, StoredTensor> weights;
    private final Map<String, String> stored = new HashMap<>();

    OnnxLayers(OnnxGraph graph, Map<String, StoredTensor> weights) {
        this.graph = graph;
        this.weights = weights;
    }

    boolean has(String parameter) {
        return weights.containsKey(parameter);
    }

    private String weight(String name) {
        return stored.computeIfAbsent(name, this::store);
    }

    private String store(String name) {
        var tensor = required(name);
        var value = graph.store(name, tensor);
        return tensor.dtype() == DType.FLOAT32 ? value : toFloat(value);
    }

    private StoredTensor required(String name) {
        var tensor = weights.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("there is no tensor " + name);
        }
        return tensor;
    }

    private String toFloat(String x) {
        return graph.node("Cast", List.of(integer("to", OnnxGraph.element(DType.FLOAT32))), x);
    }

    /** Of sizes, 0 keeps one and -1 takes what is left. */
    private String reshape(String x, long... sizes) {
        return graph.node("Reshape", x, graph.constant(sizes));
    }

    private String likeShapeOf(String x, String like) {
        return graph.node("Reshape", x, graph.node("Shape", like));
    }

    private String transpose(String x, long... order) {
        return graph.node("Transpose", List.of(integers("perm", order)), x);
    }

    private String concat(int axis, String a, String b) {
        return graph.node("Concat", List.of(integer("axis", axis)), a, b);
    }

    /**
     * A convolution with a square kernel.
     *
     * @param before zeros above and to the left
     * @param after zeros below and to the right
     */
    String conv(String name, String x, int stride, int before, int after) {
        return graph.node(
                "Conv",
                List.of(integers("strides", stride, stride), integers("pads", before, before, after, after)),
                x,
                weight(name + ".weight"),
                weight(name + ".bias"));
    }

    /** A 3x3 convolution that keeps the size. */
    String conv3(String name, String x) {
        return conv(name, x, 1, 1, 1);
    }

    /** A linear layer over the last dimension. */
    String linear(String name, String x) {
        return add(graph.node("MatMul", x, transpose(weight(name + ".weight"), 1, 0)), weight(name + ".bias"));
    }

    /** A group norm of {@code [B, C, H, W]}; the set has none: an instance norm of groups, then the scale and shift. */
    String norm(String name, String x, int groups, double eps) {
        var ones = new float[groups];
        Arrays.fill(ones, 1);
        var grouped = graph.node(
                "InstanceNormalization",
                List.of(real("epsilon", eps)),
                reshape(x, 0, groups, -1),
                stored.computeIfAbsent(groups + " ones", _ -> graph.constant(ones, groups)),
                stored.computeIfAbsent(groups + " zeros", _ -> graph.constant(new float[groups], groups)));
        var normal = likeShapeOf(grouped, x);
        return add(graph.node("Mul", normal, perChannel(name + ".weight")), perChannel(name + ".bias"));
    }

    private String perChannel(String parameter) {
        return reshape(weight(parameter), -1, 1, 1);
    }

    /** Rows {@code [B, C]} of a table, by {@code labels [B]}. */
    String embedding(String name, String labels) {
        return graph.node("Gather", weight(name + ".weight"), labels);
    }

    String silu(String x) {
        return graph.node("Mul", x, graph.node("Sigmoid", x));
    }

    String add(String a, String b) {
        return graph.node("Add", a, b);
    }

    /** {@code perChannel [B, C]}, or {@code [1, C]}, added to every pixel. */
    String shifted(String x, String perChannel) {
        return add(x, reshape(perChannel, 0, 0, 1, 1));
    }

    /** Both along channels. */
    String cat(String a, String b) {
        return concat(1, a, b);
    }

    /** Every pixel doubled along height and width. */
    String doubled(String x) {
        return graph.node(
                "Resize",
                List.of(
                        text("mode", "nearest"),
                        text("coordinate_transformation_mode", "asymmetric"),
                        text("nearest_mode", "floor")),
                x,
                "", // no region of interest
                graph.constant(new float[] {1, 1, 2, 2}, 4));
    }

    /** Means of 2x2. */
    String halved(String x) {
        return graph.node("AveragePool", List.of(integers("kernel_shape", 2, 2), integers("strides", 2, 2)), x);
    }

    /** {@code [B, C side^2, H / side, W / side]} of {@code [B, C, H, W]}, in the order of PyTorch's pixel_unshuffle. */
    String patches(String x, int channels, int side) {
        var places = graph.node("SpaceToDepth", List.of(integer("blocksize", side)), x); // places before channels
        return likeShapeOf(transpose(reshape(places, 0, (long) side * side, channels, -1), 0, 2, 1, 3), places);
    }

    /** The inverse of {@link #patches}. */
    String pixels(String x, int side) {
        return graph.node("DepthToSpace", List.of(integer("blocksize", side), text("mode", "CRD")), x);
    }

    /** {@code [B, H W, C]} of {@code [B, C, H, W]}. */
    String rows(String x) {
        return transpose(reshape(x, 0, 0, -1), 0, 2, 1);
    }

    /** The inverse of {@link #rows}, for an image like this one. */
    String image(String rows, String like) {
        return likeShapeOf(transpose(rows, 0, 2, 1), like);
    }

    /** softmax(q k^T / sqrt(channels / heads)) v, all {@code [B, H W, channels]}, head by head. */
    String attention(String q, String k, String v, int channels, int heads) {
        var scores = graph.node(
                "MatMul",
                transpose(reshape(q, 0, 0, heads, -1), 0, 2, 1, 3),
                transpose(reshape(k, 0, 0, heads, -1), 0, 2, 3, 1));
        float scale = (float) (1 / Math.sqrt((double) channels / heads));
        var scaled = graph.node("Mul", scores, graph.constant(new float[] {scale}));
        var mixed = graph.node(
                "MatMul",
                graph.node("Softmax", List.of(integer("axis", -1)), scaled),
                transpose(reshape(v, 0, 0, heads, -1), 0, 2, 1, 3));
        return reshape(transpose(mixed, 0, 2, 1, 3), 0, 0, -1);
    }

    /** {@code [B, channels]} of timesteps {@code [B]}, as {@link TimeEmbedding} computes it. */
    String sinusoid(String t, int channels, int shift, TimeEmbedding.Order order) {
        int half = channels / 2;
        var frequencies = graph.constant(TimeEmbedding.frequencies(channels, shift), 1, half);
        var angles = graph.node("Mul", reshape(toFloat(t), -1, 1), frequencies);
        var sine = graph.node("Sin", angles);
        var cosine = graph.node("Cos", angles);
        return switch (order) {
            case SINE_FIRST -> concat(1, sine, cosine);
            case COSINE_FIRST -> concat(1, cosine, sine);
            case INTERLEAVED -> reshape(concat(2, reshape(sine, 0, half, 1), reshape(cosine, 0, half, 1)), 0, channels);
        };
    }
}
