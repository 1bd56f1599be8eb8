package ddpm.train;

import ddpm.model.Model;
import ddpm.nn.Params;
import ddpm.torch.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * An estimate of the memory that a run takes on the CPU, from steps that are made with few images and thrown away.
 *
 * @param fixed bytes that a run takes however few images go through the network at once
 * @param perImage bytes that each of these adds
 */
public record MemoryPlan(long fixed, long perImage) {
    private static final Path STATUS = Path.of("/proc/self/status");

    /** Growth that is told from the noise of the allocator. */
    private static final long CLEAR_GROWTH = 48L << 20;

    /** The weights, their average, Adam's two moments and the gradient. */
    private static final int BUFFERS = 5;

    /**
     * Measures a recipe within a limit, which the trial steps respect as far as can be known before they are made.
     *
     * @throws IOException where the system does not say how large a process is
     */
    public static MemoryPlan measure(Recipe recipe, long limit) throws IOException {
        long weights = 4L * parameters(recipe);
        int threads = Math.min(recipe.config().threads(), recipe.config().batch());
        long replicas = (threads - 1) * weights; // one gradient for each further thread
        if (anonymousPeak() + BUFFERS * weights + replicas > limit) {
            return new MemoryPlan(anonymousPeak() + BUFFERS * weights + replicas, 0);
        }
        int most = atOnce(recipe.config(), 1);
        int images = 1;
        long peak = peakOf(recipe, images);
        long perImage = 0;
        while (perImage == 0 && images < most) {
            int more = Math.min(most, 2 * images);
            long grown = peakOf(recipe, more);
            if (grown - peak >= CLEAR_GROWTH || more == most) {
                perImage = (grown - peak) / (more - images);
            }
            peak = grown;
            images = more;
        }
        return new MemoryPlan(peak - images * perImage + replicas, perImage);
    }

    private static long parameters(Recipe recipe) {
        try (var params = new Params()) {
            recipe.card().network().build(params.root());
            return params.count();
        }
    }

    /** The peak after a step of so many images on one thread. */
    private static long peakOf(Recipe recipe, int images) throws IOException {
        var config = recipe.config().withBatch(images).withThreads(1).withAccumulate(1);
        try (var model = new Model(recipe.card(), Device.CPU);
                var trainer = new Trainer(model, recipe.data(), config)) {
            trainer.initialise();
            trainer.train();
        }
        return anonymousPeak();
    }

    /** The largest size of this process so far but for its files, whose pages the system takes back when it needs them. */
    private static long anonymousPeak() throws IOException {
        long peak = 0;
        long files = 0;
        for (var line : Files.readAllLines(STATUS)) {
            if (line.startsWith("VmHWM:") || line.startsWith("RssFile:")) {
                long bytes = 1024 * Long.parseLong(line.replaceAll("\\D", ""));
                if (line.startsWith("VmHWM:")) {
                    peak = bytes;
                } else {
                    files = bytes;
                }
            }
        }
        if (peak == 0) {
            throw new IOException(STATUS + " does not say how large this process is");
        }
        return peak - files;
    }

    /** Images that go through the network at the same time if each thread's share of a batch is cut into so many parts. */
    private static int atOnce(TrainConfig config, int parts) {
        int threads = Math.min(config.threads(), config.batch());
        return threads * Math.ceilDiv(Math.ceilDiv(config.batch(), threads), parts);
    }

    /** Bytes that a run takes in this many parts. */
    public long bytes(TrainConfig config, int parts) {
        return fixed + atOnce(config, parts) * perImage;
    }

    /** The fewest parts, from the configuration's on, that stay within a limit; 0 if none do. */
    public int parts(TrainConfig config, long limit) {
        int most = Math.max(config.accumulate(), atOnce(config, 1) / Math.min(config.threads(), config.batch()));
        for (int parts = config.accumulate(); parts <= most; parts++) {
            if (bytes(config, parts) <= limit) {
                return parts;
            }
        }
        return 0;
    }
}
