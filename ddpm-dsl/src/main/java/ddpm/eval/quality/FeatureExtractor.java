package ddpm.eval.quality;

import ddpm.data.ImageSet;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.Workers;
import java.util.concurrent.CancellationException;
import java.util.function.IntConsumer;

/**
 * Features of a set of images, each image once, in order.
 *
 * @param network computes them
 * @param batch images that each thread takes at once
 * @param threads cores to use, at least 1
 */
public record FeatureExtractor(FeatureNetwork network, int batch, int threads) {
    /** Takes the features of images in order. */
    @FunctionalInterface
    public interface Sink {
        /** @param output in a scope that closes after this call */
        void take(FeatureNetwork.Output output);
    }

    /** Checks the numbers. */
    public FeatureExtractor {
        if (batch < 1 || threads < 1) {
            throw new IllegalArgumentException("batch " + batch + " and threads " + threads + " are at least 1");
        }
    }

    /**
     * Computes the features of images {@code 0..count-1}.
     *
     * @param logits whether class scores are wanted too
     * @param progress takes the number of finished images
     * @throws IllegalArgumentException if the network does not take images of this shape
     * @throws CancellationException if this thread is interrupted
     */
    public void extract(ImageSet images, int count, boolean logits, Sink sink, IntConsumer progress) {
        if (count < 1 || count > images.size()) {
            throw new IllegalArgumentException(count + " of " + images.size() + " images (" + images.describe() + ")");
        }
        network.features(images.shape());
        try (var workers = Workers.forBatch(Device.CPU, threads, count)) {
            int step = batch * workers.count();
            for (int from = 0; from < count; from += step) {
                int first = from;
                int n = Math.min(step, count - from);
                var slices = workers.run(n, (_, a, b) -> slice(images, first + a, first + b, logits));
                for (var slice : slices) {
                    try (var _ = TensorScope.open()) {
                        slice.giveTo(sink);
                    }
                }
                progress.accept(from + n);
            }
        }
    }

    /** What a thread computed, outside of its scope. */
    private record Values(int images, float[] features, float[] logits) {
        void giveTo(Sink sink) {
            if (images > 0) { // the last batch may not reach every thread
                sink.take(new FeatureNetwork.Output(tensor(features), logits == null ? null : tensor(logits)));
            }
        }

        private Tensor tensor(float[] values) {
            return Tensor.of(values, Shape.of(images, values.length / images));
        }
    }

    private Values slice(ImageSet images, int from, int to, boolean logits) {
        if (Thread.currentThread().isInterrupted()) {
            throw new CancellationException("interrupted at image " + from);
        }
        if (from == to) {
            return new Values(0, null, null);
        }
        var shape = images.shape();
        var levels = new byte[(to - from) * shape.bytes()];
        for (int i = from; i < to; i++) {
            images.read(i, levels, (i - from) * shape.bytes());
        }
        try (var _ = TensorScope.open()) {
            var output = network.of(levels, to - from, shape, logits);
            return new Values(
                    to - from,
                    output.features().toFloats(),
                    logits ? output.logits().toFloats() : null);
        }
    }
}
