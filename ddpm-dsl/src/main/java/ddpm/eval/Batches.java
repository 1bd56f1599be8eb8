package ddpm.eval;

import ddpm.data.ImageSet;
import ddpm.image.Pixel;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.Workers;
import ddpm.torch.collective.Group;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/**
 * How a measurement goes through a set of images: in batches, which ranks and their threads share out among them.
 *
 * @param batch images in one forward pass, at least 1
 * @param threads cores, each with batches of its own, at least 1
 * @param device where the model computes; a CUDA device takes one batch after the other
 * @param group whose ranks measure together, each the batches of its number modulo theirs
 */
record Batches(int batch, int threads, Device device, Group group) {
    /** Measures some images; called from several threads at once. */
    @FunctionalInterface
    interface Part {
        /**
         * @param number of the batch
         * @param from first image
         * @param count how many
         */
        void measure(int number, int from, int count);
    }

    Batches {
        if (batch < 1 || threads < 1) {
            throw new IllegalArgumentException("batch " + batch + " and threads " + threads + " are at least 1");
        }
    }

    /** How many batches there are of so many images. */
    int of(int count) {
        return Math.ceilDiv(count, batch);
    }

    /**
     * Goes through images 0..count-1, each once by one of the ranks.
     *
     * @param measured takes how many images are done by all ranks, as it looks from this one, from one thread at a time
     * @throws CancellationException if this thread is interrupted
     */
    void over(ImageSet data, int count, Part part, IntConsumer measured) {
        if (count < 1 || count > data.size()) {
            throw new IllegalArgumentException(
                    count + " images to measure: there are 1.." + data.size() + " (" + data.describe() + ")");
        }
        var done = new AtomicInteger();
        int ranks = group.size();
        try (var workers = Workers.forBatch(device, threads, Math.ceilDiv(of(count), ranks))) {
            workers.run(slice -> {
                for (int number = group.rank() + slice * ranks; number < of(count); number += workers.count() * ranks) {
                    if (Thread.currentThread().isInterrupted()) {
                        throw new CancellationException("interrupted after " + done + " of " + count + " images");
                    }
                    int from = number * batch;
                    int n = Math.min(count, from + batch) - from;
                    part.measure(number, from, n);
                    synchronized (done) {
                        measured.accept((int) Math.min(count, (long) done.addAndGet(n) * ranks));
                    }
                }
                return slice;
            });
        }
    }

    /** Joins what the ranks have measured: numbers of this one, and zeros in the places of the others. */
    double[] joined(double[] own) {
        if (group.size() == 1) {
            return own;
        }
        try (var _ = TensorScope.open()) {
            var all = Tensor.of(own, Shape.of(own.length));
            group.allReduce(all);
            return all.toDoubles();
        }
    }

    /** Images {@code from..from+count-1} as the model sees them, {@code [count, C, H, W]} on the CPU in the current scope. */
    static Tensor images(ImageSet data, int from, int count) {
        int perImage = data.shape().bytes();
        var bytes = new byte[perImage];
        var values = new float[count * perImage];
        for (int i = 0; i < count; i++) {
            data.read(from + i, bytes, 0);
            Pixel.values(bytes, 0, values, i * perImage, perImage);
        }
        return Tensor.of(values, Shape.of(count, data.channels(), data.height(), data.width()));
    }
}
