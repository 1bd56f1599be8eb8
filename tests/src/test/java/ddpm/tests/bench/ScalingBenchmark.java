package ddpm.tests.bench;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Timesteps;
import ddpm.nn.Params;
import ddpm.nn.UNetMini;
import ddpm.sampling.Sampler;
import ddpm.tests.networks.Weights;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * What a step of sampling costs against batch, image size, width and threads: UNetMini, one of them varied at a time.
 *
 * <pre>{@code mvn -q -pl tests -am -Pbench -DskipTests test -Dbench.main=ScalingBenchmark}</pre>
 *
 * The last column is the time per image, divided by what proportion to the first line of the group would give: 1 is linear,
 * less is better than that.
 */
public final class ScalingBenchmark {
    private static final int STEPS = 5;
    private static final String IMAGES = "images at once, 32 x 32, width 64";
    private static final String PIXELS = "pixels of a side, 4 images, width 64";
    private static final String WIDTH = "base width, 8 images of 32 x 32";
    private static final String THREADS = "threads, 16 images of 32 x 32";

    private final int rounds;
    private final ScalingChart chart = new ScalingChart();

    private ScalingBenchmark(int rounds) {
        this.rounds = rounds;
    }

    /**
     * One measurement.
     *
     * @param size what is varied
     * @param work in units of the first line of its group
     */
    private record Point(String what, double size, int batch, int side, int width, int threads, double work) {}

    /** @param args the number of rounds, 7 if left out */
    public static void main(String[] args) throws IOException {
        var benchmark = new ScalingBenchmark(args.length > 0 ? Integer.parseInt(args[0]) : 7);
        int cores = Runtime.getRuntime().availableProcessors();
        for (var precision : List.of(DType.FLOAT32, DType.BFLOAT16)) {
            System.out.printf("%n%s%n%-24s %10s %12s %10s%n", precision, "", "ms/step", "images/s", "to linear");
            benchmark.group(
                    IMAGES,
                    precision,
                    IntStream.of(1, 2, 4, 8, 16, 32, 64)
                            .mapToObj(b -> new Point("batch " + b, b, b, 32, 64, cores, b))
                            .toList());
            benchmark.group(
                    PIXELS,
                    precision,
                    IntStream.of(16, 32, 64, 128)
                            .mapToObj(s -> new Point(s + " x " + s + " pixels", s, 4, s, 64, cores, s * s / 256.0))
                            .toList());
            benchmark.group(
                    WIDTH,
                    precision,
                    IntStream.of(16, 32, 64, 128)
                            .mapToObj(w -> new Point("width " + w, w, 8, 32, w, cores, w * w / 256.0))
                            .toList());
            benchmark.group(
                    THREADS,
                    precision,
                    IntStream.rangeClosed(1, cores)
                            .mapToObj(n -> new Point(n + (n == 1 ? " thread" : " threads"), n, 16, 32, 64, n, 1.0 / n))
                            .toList());
        }
        var picture = Path.of("target", "scaling.svg");
        Files.writeString(picture, benchmark.chart.svg());
        System.out.println(picture.toAbsolutePath());
    }

    private void group(String varied, DType precision, List<Point> points) {
        double first = 0;
        for (var point : points) {
            double seconds = measure(precision, point);
            chart.add(varied, precision.toString(), point.size(), point.work(), seconds);
            first = first == 0 ? seconds / point.work() : first;
            System.out.printf(
                    Locale.ROOT,
                    "%-24s %10.2f %12.1f %10.2f%n",
                    point.what(),
                    1000 * seconds,
                    point.batch() / seconds,
                    seconds / point.work() / first);
        }
    }

    private double measure(DType precision, Point point) {
        var times = new double[rounds];
        try (var params = new Params();
                var _ = TensorScope.open()) {
            var network = new UNetMini.Config(3, point.width(), List.of(1, 2, 2), 128).build(params.root());
            Weights.randomise(params);
            params.fixed();
            network.tabulate(1000);
            var chain = new Diffusion(BetaSchedule.ho2020()).respaced(Timesteps.even(1000, STEPS));
            var sampler = Sampler.notebook(chain).withThreads(point.threads());
            Denoiser model = (x, t) -> network.forward(x, t, null, precision);
            for (int round = -1; round < rounds; round++) { // the first only warms up
                try (var _ = TensorScope.open()) {
                    long start = System.nanoTime();
                    sampler.sample(model, Shape.of(point.batch(), 3, point.side(), point.side()), Noise.seed(1));
                    times[Math.max(round, 0)] = (System.nanoTime() - start) / 1e9 / STEPS;
                }
            }
        }
        return SamplingBenchmark.median(times);
    }
}
