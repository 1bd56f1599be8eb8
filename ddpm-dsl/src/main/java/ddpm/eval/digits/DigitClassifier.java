package ddpm.eval.digits;

import static ddpm.nn.Layers.conv2d;
import static ddpm.nn.Layers.flatten;
import static ddpm.nn.Layers.linear;
import static ddpm.nn.Layers.maxPool2d;
import static ddpm.nn.Layers.relu;
import static ddpm.nn.Layers.sequential;

import ddpm.data.ImageShape;
import ddpm.eval.quality.FeatureNetwork;
import ddpm.io.Safetensors;
import ddpm.io.StoredTensor;
import ddpm.nn.Block;
import ddpm.nn.Conv2d;
import ddpm.nn.Params;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * LeNet-5 (LeCun et al. 1998) with rectifiers and maximum pooling: tells which digit an image of 32 x 32 pixels shows, and has 84
 * features of it before it decides. {@link DigitTraining} made the weights inside this library, which read 99.28 % of MNIST's
 * test images rightly.
 */
public final class DigitClassifier implements FeatureNetwork {
    /** The number of features of an image. */
    public static final int FEATURES = 84;

    /** The number of digits. */
    public static final int DIGITS = 10;

    private static final String RESOURCE = "digit-classifier.safetensors";
    private static final int SIDE = 32;
    private static final Conv2d.Config KERNEL5 = new Conv2d.Config(5, 1, 0);

    private final Params params = new Params();
    private final Block trunk = sequential(
                    conv2d(1, 6, KERNEL5), // [B, 6, 28, 28]
                    relu(),
                    maxPool2d(2),
                    conv2d(6, 16, KERNEL5), // [B, 16, 10, 10]
                    relu(),
                    maxPool2d(2),
                    flatten(), // [B, 400]
                    linear(400, 120),
                    relu(),
                    linear(120, FEATURES),
                    relu())
            .at(params.root());
    private final Block decision = linear(FEATURES, DIGITS).at(params.root().sub(11));
    private final String weights;

    /**
     * A classifier that knows nothing yet.
     *
     * @param weights a name for the weights it will have
     */
    DigitClassifier(String weights) {
        this.weights = weights;
        params.allocate(Device.CPU, DType.FLOAT32);
    }

    /**
     * Loads the weights inside this library, on the CPU.
     *
     * @throws IOException if the jar is damaged or was packed without them
     */
    public static DigitClassifier load() throws IOException {
        try (var in = DigitClassifier.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IOException(
                        "this build has no " + RESOURCE + " inside; build the jar from a complete checkout");
            }
            var bytes = in.readAllBytes();
            var contents = Safetensors.read(Path.of(RESOURCE), ByteBuffer.wrap(bytes));
            var checksum = new CRC32();
            checksum.update(bytes);
            var classifier = new DigitClassifier(Long.toHexString(checksum.getValue()));
            try (var _ = TensorScope.open()) {
                var tensors = new LinkedHashMap<String, Tensor>();
                contents.tensors().forEach((name, t) -> tensors.put(name, Tensor.of(t.data(), t.dtype(), t.shape())));
                classifier.params.load(tensors);
            }
            return classifier;
        }
    }

    Params params() {
        return params;
    }

    /** Writes the weights as a safetensors file. */
    void save(Path file, Map<String, String> metadata) throws IOException {
        var stored = new LinkedHashMap<String, StoredTensor>();
        try (var _ = TensorScope.open()) {
            params.named(params.flat())
                    .forEach((name, tensor) ->
                            stored.put(name, new StoredTensor(DType.FLOAT32, tensor.shape(), tensor.toBytes())));
        }
        Safetensors.write(file, stored, metadata);
    }

    /**
     * Computes the scores of all digits.
     *
     * @param x images {@code [B, 1, 32, 32]} in [-1, 1]
     * @return logits {@code [B, 10]}
     */
    public Tensor logits(Tensor x) {
        return decision.forward(trunk.forward(x));
    }

    @Override
    public int features(ImageShape shape) {
        if (shape.height() != SIDE || shape.width() != SIDE) {
            throw new IllegalArgumentException("the classifier of digits reads images of 32 x 32 pixels, and these are "
                    + shape.height() + " x " + shape.width());
        }
        return FEATURES;
    }

    @Override
    public int classes() {
        return DIGITS;
    }

    @Override
    public String identity() {
        return "digits " + weights;
    }

    /** Computes features and scores. Colours are taken as their mean. */
    @Override
    public Output of(byte[] levels, int batch, ImageShape shape, boolean logits) {
        features(shape);
        try (var scope = TensorScope.open();
                var _ = GradMode.off()) {
            var features = trunk.forward(grey(levels, batch, shape.channels()));
            return new Output(scope.keep(features), logits ? scope.keep(decision.forward(features)) : null);
        }
    }

    private static Tensor grey(byte[] levels, int batch, int channels) {
        int plane = SIDE * SIDE;
        var values = new float[batch * plane];
        for (int i = 0; i < values.length; i++) {
            int sum = 0;
            for (int c = 0; c < channels; c++) {
                sum += levels[(i / plane * channels + c) * plane + i % plane] & 0xff;
            }
            values[i] = sum / (127.5f * channels) - 1; // as Pixel.value
        }
        return Tensor.of(values, Shape.of(batch, 1, SIDE, SIDE));
    }

    @Override
    public void close() {
        params.close();
    }
}
