package ddpm.model.onnx;

import ddpm.io.StoredTensor;
import ddpm.io.WholeFile;
import ddpm.model.ModelCard;
import ddpm.model.ModelLayout;
import ddpm.nn.NetworkConfig;
import ddpm.nn.Patched;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;
import ddpm.torch.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes models as ONNX files, which ONNX Runtime and others compute without this library.
 *
 * <p>Inputs and output have the names of optimum's exports of diffusers' networks:
 *
 * <table>
 * <caption>Inputs and output</caption>
 * <tr><td>{@code sample}</td><td>float32 {@code [batch_size, C, height, width]}</td><td>x_t, around [-1, 1]</td></tr>
 * <tr><td>{@code timestep}</td><td>int64 {@code [steps]}</td><td>one for each image, or one for all; 0 to T - 1</td></tr>
 * <tr><td>{@code class_labels}</td><td>int64 {@code [batch_size]}</td><td>of class-conditional models alone</td></tr>
 * <tr><td>{@code out_sample}</td><td>float32 {@code [batch_size, C', height, width]}</td><td>the model's output, whatever
 * its card says it predicts</td></tr>
 * </table>
 *
 * <p>Sizes are free when the file is run, but height and width are multiples of {@link NetworkConfig#sizeMultiple}. Operators
 * are those of set {@value #OPERATOR_SET}; all of them compute in float32.
 */
public final class OnnxFile {
    /** The set of operators, the one that optimum exports diffusers' networks with; runtimes from 2021 on have it. */
    public static final int OPERATOR_SET = 14;

    private static final String PRODUCER = "ddpm";

    /** Protobuf's own limit, which every reader of the format has. */
    private static final long MAX_BYTES = Integer.MAX_VALUE;

    private OnnxFile() {}

    /**
     * Writes a model, whole or not at all. Its card stands in the file's metadata, under the key {@link ModelLayout#CARD_KEY} and, as far as
     * people look for it there, in words.
     *
     * @param tensors the model's, under this library's names; they are stored in their own type and read from where they lie
     * @throws IllegalArgumentException if the network has no form in ONNX, or the file would have 2 GiB or more
     * @throws IOException if it cannot be written
     */
    public static void write(Path file, ModelCard card, Map<String, StoredTensor> tensors) throws IOException {
        var network = card.network();
        var graph = new OnnxGraph(network.getClass().getSimpleName());
        int steps = card.schedule().steps();
        var x = graph.input(
                "sample",
                DType.FLOAT32,
                "noisy images x_t; x_0 is in [-1, 1]; height and width are multiples of " + network.sizeMultiple(),
                sizes(network.inChannels()));
        var t = graph.input(
                "timestep", DType.INT64, "0 to " + (steps - 1) + ", one for each image or one for all", "steps");
        var labels = network.labels() == 0
                ? null
                : graph.input(
                        "class_labels",
                        DType.INT64,
                        "0 to " + (network.labels() - 1) + ": " + card.classes(),
                        "batch_size");
        var out = forward(network, new OnnxLayers(graph, tensors), x, t, labels);
        graph.output("out_sample", out, "the prediction of " + card.prediction(), sizes(network.outChannels()));
        var version = OnnxFile.class.getPackage().getImplementationVersion();
        var model = graph.model(PRODUCER, version == null ? "" : version, metadata(card));
        if (model.length() > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "a model of " + model.length() + " bytes does not fit an ONNX file, which has at most " + MAX_BYTES
                            + "; store its weights as float16 or bfloat16");
        }
        WholeFile.write(file, model.length(), model::writeTo);
    }

    private static Object[] sizes(int channels) {
        return new Object[] {"batch_size", channels, "height", "width"};
    }

    private static String forward(NetworkConfig network, OnnxLayers layers, String x, String t, String labels) {
        return switch (network) {
            case UNetConfig unet -> new UNetGraph(layers, unet).forward(x, t, labels);
            case UNetMini.Config mini -> new UNetMiniGraph(layers, mini).forward(x, t);
            case Patched patched -> {
                var patches = layers.patches(x, patched.inChannels(), patched.patch());
                yield layers.pixels(forward(patched.inner(), layers, patches, t, labels), patched.patch());
            }
            default ->
                throw new IllegalArgumentException(
                        "there is no ONNX form of " + network
                                + ": only models of the paper's UNet and of UNetMini, and these over patches, can be written so");
        };
    }

    private static Map<String, String> metadata(ModelCard card) throws IOException {
        var metadata = new LinkedHashMap<String, String>();
        metadata.put(ModelLayout.CARD_KEY, card.metadata().get(ModelLayout.CARD_KEY));
        metadata.put("prediction", card.prediction().name());
        metadata.put("schedule", card.schedule().toString());
        metadata.put("variance", card.variance().name());
        return metadata;
    }
}
