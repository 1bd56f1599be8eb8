package ddpm.eval.quality;

import ddpm.data.ImageSet;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.function.IntConsumer;

/**
 * The features of a set of images.
 *
 * @param statistics mean and covariance
 * @param all {@code [N, D]} float32; null if only the statistics were wanted, which take constant memory
 * @param logits {@code [N, K]} float32; null if they were not wanted
 */
public record SetFeatures(FeatureStatistics statistics, Tensor all, Tensor logits) implements AutoCloseable {
    /**
     * The parts that are wanted beside the statistics.
     *
     * @param all the features of every image, for the kernel distance, precision and recall
     * @param logits the class scores, for the Inception score
     */
    public record Wanted(boolean all, boolean logits) {}

    /**
     * Measures images {@code 0..count-1}.
     *
     * @param progress takes the number of finished images
     * @throws IllegalArgumentException if the network does not take such images, or tells no classes and they are wanted
     * @throws java.util.concurrent.CancellationException if this thread is interrupted
     */
    public static SetFeatures measure(
            FeatureExtractor extractor, ImageSet images, int count, Wanted wanted, IntConsumer progress) {
        var network = extractor.network();
        if (wanted.logits() && network.classes() == 0) {
            throw new IllegalArgumentException(network.identity() + " tells no classes, of which scores are made");
        }
        int features = network.features(images.shape());
        var all = wanted.all() ? empty(count, features) : null;
        var logits = wanted.logits() ? empty(count, network.classes()) : null;
        var measured = new SetFeatures(new FeatureStatistics(features), all, logits);
        try {
            extractor.extract(images, count, wanted.logits(), measured::add, progress);
            return measured;
        } catch (RuntimeException e) {
            measured.close();
            throw e;
        }
    }

    private static Tensor empty(int rows, int columns) {
        try (var _ = TensorScope.open()) {
            return TensorScope.detach(Tensor.empty(Shape.of(rows, columns), DType.FLOAT32, Device.CPU));
        }
    }

    private void add(FeatureNetwork.Output output) {
        long row = statistics.count();
        copy(output.features(), all, row);
        copy(output.logits(), logits, row);
        statistics.add(output.features());
    }

    private static void copy(Tensor from, Tensor to, long row) {
        if (to != null) {
            to.narrow(0, row, from.shape().size(0)).copyFrom(from);
        }
    }

    /** Whether this has all that is wanted. */
    boolean has(Wanted wanted) {
        return !(wanted.all() && all == null) && !(wanted.logits() && logits == null);
    }

    /** Frees everything. */
    @Override
    public void close() {
        statistics.close();
        if (all != null) {
            all.close();
        }
        if (logits != null) {
            logits.close();
        }
    }
}
