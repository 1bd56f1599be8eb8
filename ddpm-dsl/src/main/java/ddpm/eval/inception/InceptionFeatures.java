package ddpm.eval.inception;

import ddpm.data.ImageShape;
import ddpm.eval.inception.InceptionNetwork.Layer;
import ddpm.eval.quality.FeatureNetwork;
import ddpm.io.FileFormatException;
import ddpm.io.FileHash;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;

/** The features of FID: those of the Inception network, with the class scores without bias of the Inception score. */
public final class InceptionFeatures implements FeatureNetwork {
    private final InceptionNetwork network;
    private final Preprocessing preprocessing;
    private final Layer layer;
    private final String identity;

    /**
     * @param network it is closed with this
     * @param layer whose features are read
     * @param weights a name for the network's weights
     */
    InceptionFeatures(InceptionNetwork network, Preprocessing preprocessing, Layer layer, String weights) {
        this.network = network;
        this.preprocessing = preprocessing;
        this.layer = layer;
        this.identity = "inception " + weights + " " + layer + " " + preprocessing;
    }

    /**
     * Loads the weights, on the CPU.
     *
     * @param file of any format that {@link ddpm.io.TensorFiles} reads
     * @throws FileFormatException if it holds another network; all misfits are listed
     */
    public static InceptionFeatures load(Path file, Preprocessing preprocessing) throws IOException {
        return new InceptionFeatures(
                InceptionNetwork.load(file), preprocessing, Layer.POOL_2048, FileHash.of(file, "SHA-256"));
    }

    /** {@return 2048} Images of any shape are resized. */
    @Override
    public int features(ImageShape shape) {
        return layer.features();
    }

    @Override
    public int classes() {
        return Layer.LOGITS_UNBIASED.features();
    }

    @Override
    public String identity() {
        return identity;
    }

    @Override
    public Output of(byte[] levels, int batch, ImageShape shape, boolean logits) {
        var x = preprocessing.apply(levels, batch, shape.channels(), shape.height(), shape.width());
        var found = network.forward(x, logits ? EnumSet.of(layer, Layer.LOGITS_UNBIASED) : EnumSet.of(layer));
        return new Output(found.get(layer), found.get(Layer.LOGITS_UNBIASED));
    }

    @Override
    public void close() {
        network.close();
    }
}
