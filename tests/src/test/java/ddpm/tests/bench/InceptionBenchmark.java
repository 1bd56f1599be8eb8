package ddpm.tests.bench;

import ddpm.data.ImageShape;
import ddpm.eval.inception.InceptionFeatures;
import ddpm.eval.inception.Preprocessing;
import ddpm.io.NpzFile;
import ddpm.torch.DType;
import ddpm.torch.GradMode;
import ddpm.torch.TensorScope;
import ddpm.torch.Workers;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Images per second of the Inception network of FID, beside two yardsticks of the same run: the machine's ceiling, and
 * PyTorch running the same weights on the same images as torch-fidelity does. They run in turn; medians are printed, and how far
 * the features differ.
 *
 * <pre>{@code mvn -q -pl tests -am -Pbench -DskipTests test -Dbench.main=InceptionBenchmark [-Dbench.rounds=7]}</pre>
 *
 * PyTorch is that of the {@code python3} on the path, or of {@code -Dbench.python=/usr/bin/python3}.
 */
public final class InceptionBenchmark {
    private static final int BATCH = 32;
    private static final ImageShape SHAPE = new ImageShape(3, 32, 32);

    private InceptionBenchmark() {}

    /** @param args the number of rounds, 7 if left out */
    public static void main(String[] args) throws IOException {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 7;
        var folder = Files.createTempDirectory("inception");
        try (var peer = new Peer(folder)) {
            var given = NpzFile.read(folder.resolve("peer.npz"));
            var levels = bytes(given.get("images").data());
            var theirs = given.get("features").data();
            try (var network = InceptionFeatures.load(folder.resolve("weights.pth"), Preprocessing.PYTORCH_FID);
                    var workers = new Workers(Runtime.getRuntime().availableProcessors(), 1)) {
                race(rounds, peer, network, workers, levels, theirs);
            }
        } finally {
            for (var file : List.of("inception.py", "weights.pth", "peer.npz")) {
                Files.deleteIfExists(folder.resolve(file));
            }
            Files.delete(folder);
        }
    }

    private static void race(
            int rounds, Peer peer, InceptionFeatures network, Workers workers, byte[] levels, ByteBuffer theirs)
            throws IOException {
        var ours = new double[rounds];
        var pytorch = new double[rounds];
        var ratio = new double[rounds];
        var ceiling = new double[rounds];
        double difference = 0;
        for (int round = -1; round < rounds; round++) { // the first only warms up
            int at = Math.max(round, 0);
            long start = System.nanoTime();
            var features = features(network, workers, levels);
            ours[at] = BATCH / ((System.nanoTime() - start) / 1e9);
            pytorch[at] = BATCH / peer.seconds();
            ratio[at] = ours[at] / pytorch[at];
            ceiling[at] = Ceiling.gigaflops(workers, DType.FLOAT32, BATCH / workers.count());
            difference = difference(features, theirs);
        }
        double rate = SamplingBenchmark.median(ours);
        double gigaflops = rate * peer.gflop;
        System.out.printf(
                Locale.ROOT,
                "Inception, %d images at once, float32, %d cores, medians of %d rounds: %.2f images/s, %.0f GFLOP/s (%.2f an"
                        + " image), %.0f%% of a ceiling of %.0f; PyTorch %s %.2f images/s, ratio %.2f; features differ by %.1e of"
                        + " their standard deviation at most%n",
                BATCH,
                workers.count(),
                rounds,
                rate,
                gigaflops,
                peer.gflop,
                100 * gigaflops / SamplingBenchmark.median(ceiling),
                SamplingBenchmark.median(ceiling),
                peer.version,
                SamplingBenchmark.median(pytorch),
                SamplingBenchmark.median(ratio),
                difference);
    }

    /** As FeatureExtractor does: each worker takes its share of the images. */
    private static List<float[]> features(InceptionFeatures network, Workers workers, byte[] levels) {
        return workers.run(BATCH, (_, from, to) -> {
            try (var _ = TensorScope.open();
                    var _ = GradMode.off()) {
                var own = new byte[(to - from) * SHAPE.bytes()];
                System.arraycopy(levels, from * SHAPE.bytes(), own, 0, own.length);
                return network.of(own, to - from, SHAPE, false).features().toFloats();
            }
        });
    }

    private static double difference(List<float[]> ours, ByteBuffer theirs) {
        var floats = theirs.duplicate().order(theirs.order()).asFloatBuffer();
        int count = floats.remaining();
        double largest = 0;
        double sum = 0;
        double squares = 0;
        for (var part : ours) {
            for (float own : part) {
                double their = floats.get();
                largest = Math.max(largest, Math.abs(own - their));
                sum += their;
                squares += their * their;
            }
        }
        return largest / Math.sqrt(squares / count - sum / count * (sum / count));
    }

    private static byte[] bytes(ByteBuffer data) {
        var bytes = new byte[data.remaining()];
        data.get(bytes);
        return bytes;
    }

    /** PyTorch in a process of its own, which lives as long as the race. */
    private static final class Peer implements AutoCloseable {
        private final Process process;
        private final BufferedReader answers;
        private final double gflop;
        private final String version;

        Peer(Path folder) throws IOException {
            var script = folder.resolve("inception.py");
            try (var in = InceptionBenchmark.class.getResourceAsStream("/bench/inception.py")) {
                Files.write(script, in.readAllBytes());
            }
            process = new ProcessBuilder(
                            System.getProperty("bench.python", "python3"),
                            script.toString(),
                            folder.toString(),
                            Integer.toString(BATCH))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            answers = process.inputReader();
            var first = answer().split(" ");
            gflop = Double.parseDouble(first[0]);
            version = first[1];
        }

        private String answer() throws IOException {
            var line = answers.readLine();
            if (line == null) {
                throw new IOException("python3 with torch and numpy is needed and has ended, see above; Debian has"
                        + " python3-torch, and -Dbench.python names another python3");
            }
            return line;
        }

        double seconds() throws IOException {
            process.outputWriter().write("\n");
            process.outputWriter().flush();
            return Double.parseDouble(answer());
        }

        @Override
        public void close() throws IOException {
            process.outputWriter().close(); // the end of its input is its end
            try {
                process.waitFor();
            } catch (InterruptedException e) {
                process.destroyForcibly();
                Thread.currentThread().interrupt();
            }
        }
    }
}
