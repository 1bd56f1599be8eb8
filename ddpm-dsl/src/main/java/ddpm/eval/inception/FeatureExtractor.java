package ddpm.eval.inception;

import ddpm.data.ImageSet;
import ddpm.eval.inception.InceptionNetwork.Layer;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.Workers;
import java.util.EnumSet;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.IntConsumer;

/**
 * Features of a set of images, each image once, in order.
 *
 * @param network computes them
 * @param preprocessing the way images become its input
 * @param batch images that each thread takes at once
 * @param threads cores to use, at least 1
 */
public record FeatureExtractor(InceptionNetwork network, Preprocessing preprocessing, int batch, int threads) {
    /** Takes the features of images in order. */
    @FunctionalInterface
    public interface Sink {
        /** @param features {@code [B, features]} by layer, in a scope that closes after this call */
        void take(Map<Layer, Tensor> features);
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
     * @param progress takes the number of finished images
     * @throws CancellationException if this thread is interrupted
     */
    public void extract(ImageSet images, int count, EnumSet<Layer> layers, Sink sink, IntConsumer progress) {
        if (count < 1 || count > images.size()) {
            throw new IllegalArgumentException(count + " of " + images.size() + " images (" + images.describe() + ")");
        }
        try (var workers = Workers.forBatch(Device.CPU, threads, count)) {
            int step = batch * workers.count();
            for (int from = 0; from < count; from += step) {
                int first = from;
                int n = Math.min(step, count - from);
                var slices = workers.run(n, (_, a, b) -> slice(images, first + a, first + b, layers));
                try (var _ = TensorScope.open()) {
                    for (var slice : slices) {
                        if (!slice.isEmpty()) { // the last batch may not reach every thread
                            sink.take(tensors(slice));
                        }
                    }
                }
                progress.accept(from + n);
            }
        }
    }

    private record Values(float[] values, Shape shape) {}

    private Map<Layer, Values> slice(ImageSet images, int from, int to, EnumSet<Layer> layers) {
        if (Thread.currentThread().isInterrupted()) {
            throw new CancellationException("interrupted at image " + from);
        }
        if (from == to) {
            return Map.of();
        }
        var shape = images.shape();
        var levels = new byte[(to - from) * shape.bytes()];
        for (int i = from; i < to; i++) {
            images.read(i, levels, (i - from) * shape.bytes());
        }
        var values = new java.util.EnumMap<Layer, Values>(Layer.class);
        try (var _ = TensorScope.open()) {
            var x = preprocessing.apply(levels, to - from, shape.channels(), shape.height(), shape.width());
            network.forward(x, layers)
                    .forEach((layer, tensor) -> values.put(
                            layer, new Values(tensor.to(DType.FLOAT32).toFloats(), tensor.shape())));
        }
        return values;
    }

    private static Map<Layer, Tensor> tensors(Map<Layer, Values> slice) {
        var tensors = new java.util.EnumMap<Layer, Tensor>(Layer.class);
        slice.forEach((layer, values) -> tensors.put(layer, Tensor.of(values.values(), values.shape())));
        return tensors;
    }
}
