package ddpm.tests.bench;

import ddpm.nn.Params;
import ddpm.tests.networks.Weights;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.LibTorch;
import ddpm.torch.OpProfile;
import ddpm.torch.Processor;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.List;
import java.util.Locale;

/**
 * Where the time of a forward pass goes, operator by operator.
 *
 * <pre>{@code mvn -q -pl tests -am -Pbench -DskipTests test -Dbench.main=ProfileBenchmark}</pre>
 */
public final class ProfileBenchmark {
    private static final int PASSES = 10;
    private static final int LINES = 60;

    private ProfileBenchmark() {}

    /** @param args threads inside each operator, 1 if left out, and images in the batch of the paper's network, 2 if so */
    public static void main(String[] args) {
        int threads = args.length > 0 ? Integer.parseInt(args[0]) : 1;
        int images = args.length > 1 ? Integer.parseInt(args[1]) : 2;
        LibTorch.load().setThreads(threads);
        for (var contest :
                List.of(Contest.builtIn(4 * images), Contest.uNetMini(4 * images), Contest.cifar10(images))) {
            profile(contest, DType.FLOAT32, threads);
            if (Processor.multipliesBfloat16()) {
                profile(contest, DType.BFLOAT16, threads);
            }
        }
    }

    private static void profile(Contest contest, DType precision, int threads) {
        try (var params = new Params();
                var _ = GradMode.off();
                var _ = TensorScope.open()) {
            var network = contest.config().build(params.root());
            Weights.randomise(params);
            params.fixed();
            network.tabulate(1000);
            int images = contest.batch();
            var shape = Shape.of(images, contest.config().inChannels(), 32, 32);
            var x = Tensor.full(shape, 0.5, DType.FLOAT32, Device.CPU);
            var t = Tensor.of(new long[] {500}, Shape.of(1));
            var labels = contest.config().labels() == 0 ? null : Tensor.of(new long[images], Shape.of(images));
            Runnable pass = () -> {
                try (var _ = TensorScope.open()) {
                    network.forward(x, t, labels, precision);
                }
            };
            for (int i = 0; i < 3; i++) {
                pass.run();
            }
            long start = System.nanoTime();
            try (var profile = OpProfile.start()) {
                for (int i = 0; i < PASSES; i++) {
                    pass.run();
                }
                double milliseconds = (System.nanoTime() - start) / 1e6 / PASSES;
                System.out.printf(
                        Locale.ROOT,
                        "%n%s, %d images, %s, threads %d: %.1f ms, %.0f GFLOP/s%n",
                        contest.name(),
                        contest.batch(),
                        precision,
                        threads,
                        milliseconds,
                        contest.gflopPerImage() * contest.batch() / milliseconds * 1000);
                profile.entries().stream()
                        .limit(LINES)
                        .forEach(entry -> System.out.printf(
                                Locale.ROOT,
                                "%8.2f ms %5.1f %% %5d calls  %s%n",
                                entry.milliseconds() / PASSES,
                                100 * entry.milliseconds() / PASSES / milliseconds,
                                entry.calls() / PASSES,
                                entry.operator()));
            }
        }
    }
}
